// The images page: uploads without leaving it, and cards that follow their jobs live.

import { connect, positionOf } from "../channels_celery/client.js";
import { Album, isDone } from "./album.js";
import { Cards } from "./cards.js";
import { Connected } from "./connection.js";
import { summary, ticks } from "./sentences.js";
import { Uploads } from "./uploads.js";

const element = (id) => document.getElementById(id);
const form = element("upload");
const files = element("files");
const base = new URL(form.action).pathname;
const album = new Album(JSON.parse(element("images").textContent));
const cards = new Cards(element("album"), element("card"), element("empty"), base);
const uploads = new Uploads(form);
const sending = new Map(); // by card, an upload: {file, told, sent}
let batch = new Set(); // ids of images that were unfinished while this page is open

// Events.

const connection = connect(new URL(form.dataset.socket, location.href));
const connected = new Connected(connection, () => uploads.resume());
let held = null; // events that came while the state was loaded anew

for (const marker of document.querySelectorAll("[data-topic]")) follow(marker.dataset.topic, positionOf(marker));

function follow(topic, since) {
  connection.subscribe(topic, { since, onEvent: (event) => (held ? held.push(event) : take(event)), onGap: reload });
}

function take(event) {
  const now = Date.now();
  if (event.type === "image.created") adoptUpload(event.data);
  const id = album.apply(event, now);
  if (id !== undefined) show(id, now);
}

// What was sent whole and has this name is this image: its answer is still on the way.
function adoptUpload({ id, name }) {
  for (const [card, upload] of sending)
    if (upload.sent && upload.file.name === name && cards.adopt(card, id)) return sending.delete(card);
}

async function reload() {
  if (held) return;
  held = [];
  try {
    const answer = await fetch(base, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
    album.reset((await answer.json()).images);
    cards.keep(new Set(album.all.map(({ id }) => id)));
    album.all.forEach(({ id }) => show(id, Date.now()));
  } catch {
    location.reload();
  } finally {
    const late = held;
    held = null;
    late.forEach(take);
  }
}

function show(id, now) {
  const image = album.get(id);
  if (image) cards.show(image, now);
  else cards.removeImage(id);
  summarise();
}

function summarise() {
  const unfinished = album.all.filter((image) => !isDone(image));
  if (!unfinished.length && !sending.size && !batch.size) return;
  unfinished.forEach(({ id }) => batch.add(id));
  const states = [...batch].map((id) => album.get(id)?.state).filter(Boolean);
  states.push(...[...sending.keys()].map((card) => card.dataset.state));
  element("summary").textContent = states.length ? summary(states) : "";
  if (!unfinished.length && !sending.size) batch = new Set();
}

// Time goes by in sentences such as "again in 8 s".
setInterval(() => {
  for (const image of album.all) if (ticks(image)) cards.say(image, Date.now());
}, 1000);

// Uploads.

files.addEventListener("change", () => {
  element("alert").textContent = "";
  [...files.files].forEach(send);
  files.value = "";
});

function send(file) {
  const card = cards.add(file);
  const told = {
    progress: (sent, total) => {
      if (!sending.has(card)) return;
      sending.get(card).sent = sent >= total;
      cards.sending(card, sent, total);
    },
    done: (image) => arrived(card, image),
    failed: (message, lost) => unsent(card, message, lost),
  };
  sending.set(card, { file, told, sent: false });
  uploads.add(file, told);
  summarise();
}

function arrived(card, image) {
  sending.delete(card);
  if (!card.dataset.id && !cards.adopt(card, image.id)) cards.remove(card);
  take({ type: "image.created", data: image });
  show(image.id, Date.now());
}

function unsent(card, message, lost) {
  if (!sending.has(card)) return;
  sending.get(card).sent = false;
  cards.unsent(card, message, lost);
  if (!lost) element("alert").textContent = `${sending.get(card).file.name}: ${message}`;
  summarise();
}

element("album").addEventListener("click", ({ target }) => {
  const card = target.closest("[data-part=card]");
  if (target.closest("[data-part=again]")) sendAgain(card);
  if (target.closest("[data-part=remove]")) remove(card);
});

function sendAgain(card) {
  const { file, told } = sending.get(card);
  element("alert").textContent = "";
  cards.sending(card, 0, file.size);
  uploads.add(file, told);
}

async function remove(card) {
  if (sending.has(card)) {
    uploads.forget(sending.get(card).told);
    sending.delete(card);
    return cards.remove(card);
  }
  const { id } = card.dataset;
  const headers = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
  const answer = await fetch(`${base}${id}/`, { method: "DELETE", headers }).catch(() => null);
  if (answer?.ok || answer?.status === 404) take({ type: "image.deleted", data: { id } });
  else element("alert").textContent = "The image could not be removed. Try again in a moment.";
}

// A file that misses its place must not replace the page.
for (const type of ["dragover", "drop"])
  document.addEventListener(type, (event) => event.target !== files && event.preventDefault());

form.classList.add("live");
