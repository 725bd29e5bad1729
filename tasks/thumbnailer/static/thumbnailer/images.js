// The images page: uploads without leaving it, and cards that follow their jobs live.

import { connect, positionOf } from "../channels_celery/client.js";
import { eventStream } from "../channels_celery/sse.js";
import { Album, isDone } from "./album.js";
import { Batch } from "./batch.js";
import { Cards } from "./cards.js";
import { showConnection } from "../site/connection.js";
import { listen } from "./intake.js";
import { placeholder } from "./placeholder.js";
import { change, newId, state } from "./requests.js";
import { ticks } from "./sentences.js";
import { Uploads } from "./uploads.js";
import { reloadForAnother } from "../site/visitor.js";
import { Viewer } from "./viewer.js";

const element = (id) => document.getElementById(id);
const form = element("upload");
const base = new URL(form.action).pathname;
const say = (id) => (text) => (element(id).textContent = text);

const album = new Album(JSON.parse(element("state").textContent), Date.now());
const cards = new Cards(element("album"), element("card"), element("empty"));
const viewer = new Viewer(element("viewer"), element("size"), element("told"), (id) => `${base}${id}/original/`, say("milestone"));
const batch = new Batch(element("summary"), say("milestone"));
const uploads = new Uploads(form, { changed, accepted: (image) => take({ type: "image.created", data: image }) });
const unwanted = new Set(); // cancelled after the server may have had them
let leave; // once the uploads are done, as somebody else
let replaced; // id of the image for which another is being chosen

const get = (id) => album.get(id) ?? uploads.get(id);

function show(id) {
  draw(id, Date.now());
  summarise();
}

function draw(id, now) {
  const image = get(id);
  if (!image) return viewer.remove(id), cards.remove(id);
  cards.show(image, now);
  if (image.thumbnails.length) viewer.update(image);
}

function drawAll() {
  const now = Date.now();
  album.all.forEach(({ id }) => draw(id, now));
  summarise();
}

const isBusy = () => uploads.all.some(({ state }) => state !== "refused");

function summarise() {
  if (leave && !isBusy()) return leave();
  const waiting = uploads.all.filter(({ id }) => !album.get(id));
  batch.update([...album.all, ...waiting], (image) => isDone(image) || image.state === "refused", Date.now());
}

function changed(id) {
  const { name, state, error } = uploads.get(id);
  if (error) say("alert")(`${name}: ${error.message}`);
  show(id);
}

// Events.

// The page only listens: a stream of events does where a network blocks websockets.
const connection = connect(new URL(form.dataset.socket, location.href), { fallback: eventStream() });
showConnection(connection);
connection.on("state", (state) => state === "connected" && uploads.resume());
reloadForAnother(connection, form.dataset.visitor, (reload) => {
  leave = reload;
  if (isBusy()) say("alert")("You have signed in or out elsewhere. This page is loaded anew once the uploads are done.");
  else leave();
});
let held = null; // events that came while the state was loaded anew

for (const marker of document.querySelectorAll("[data-topic]"))
  connection.subscribe(marker.dataset.topic, {
    since: positionOf(marker),
    onEvent: (event) => (held ? held.push(event) : take(event)),
    onGap: reload,
    onError: () => {}, // no longer this visitor's: the page is loaded anew
  });

function take(event) {
  if (event.type === "image.created" && event.data) {
    const { id } = event.data;
    uploads.arrived(id);
    if (unwanted.has(id)) return void change("DELETE", `${base}${id}/`, token());
  }
  const id = album.apply(event, Date.now());
  if (id !== undefined) show(id);
}

async function reload() {
  if (held) return;
  held = [];
  try {
    album.reset(await state(base), Date.now());
    album.all.forEach(({ id }) => uploads.arrived(id));
    cards.keep(new Set([...album.all, ...uploads.all].map(({ id }) => id)));
    drawAll();
  } catch {
    location.reload();
  } finally {
    const late = held;
    held = null;
    late.forEach(take);
  }
}

// Time goes by in sentences such as "again in 8 s".
setInterval(() => {
  for (const image of album.all) if (ticks(image)) cards.tell(image, Date.now());
}, 1000);

// What the person does.

function token() {
  return form.elements.csrfmiddlewaretoken.value;
}

listen({ zone: element("drop"), inputs: [element("files"), element("camera")], take: send, refuse: say("alert") });

function send(files) {
  if (!files.length) return;
  say("alert")("");
  for (const file of files) {
    const id = newId();
    uploads.add(id, file);
    placeholder(file).then((url) => url && cards.preview(id, url));
  }
  if (replaced) remove(replaced);
  replaced = undefined;
}

element("dismiss").addEventListener("click", () => {
  say("alert")("");
  element("files").focus();
});

element("files").addEventListener("cancel", () => (replaced = undefined));

const ACTIONS = {
  open: (id) => viewer.open(get(id)),
  sizes: (id) => viewer.open(get(id)),
  replace: (id) => ((replaced = id), element("files").click()),
  again: (id) => (uploads.get(id) ? uploads.again(id) : ask("POST", id, "again/")),
  remove,
};

for (const type of ["click", "submit"])
  element("album").addEventListener(type, (event) => {
    const action = event.target.closest("[data-part=open], [data-part=sizes], [data-part=replace], form");
    if (!action || action.matches("form") !== (type === "submit")) return;
    // Somebody who wants the link in another tab gets it.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    ACTIONS[action.dataset.part](event.target.closest("[data-part=card]").dataset.id);
  });

async function ask(method, id, path = "") {
  say("alert")("");
  const problem = await change(method, `${base}${id}/${path}`, token());
  if (problem) say("alert")(problem);
  return !problem;
}

async function remove(id) {
  if (album.get(id)) return (await ask("DELETE", id)) && take({ type: "image.deleted", data: { id } });
  const { state } = uploads.get(id);
  uploads.cancel(id);
  show(id);
  if (state !== "uploading" && state !== "unsent") return;
  unwanted.add(id);
  change("DELETE", `${base}${id}/`, token());
}

window.addEventListener("beforeunload", (event) => isBusy() && event.preventDefault());

drawAll();
