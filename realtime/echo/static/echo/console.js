// The echo console: sends frames over the bare websocket and times their way there and back.

import { showConnection } from "../site/connection.js";
import { BadBytes, bytesOf, figuresOf, isSame, tookOf } from "./frames.js";
import { Link } from "./link.js";
import { Log } from "./log.js";

const element = (id) => document.getElementById(id);
const form = element("sender");
const field = element("frame");
const log = new Log(element("log"), element("entries"), element("entry"), element("empty"));
const alert = (sentence) => (element("alert").textContent = sentence);

const waiting = []; // sent and not back yet, oldest first: one connection keeps the order
const times = []; // ms
let sent = 0;
let lost = 0;
let last; // what was sent last, as it was written

const link = new Link(element("console").dataset.socket, received);
showConnection(link, "Nothing can be sent now.");
link.on("state", (state, code) => {
  if (state === "connected") return log.note("Connected");
  if (code !== undefined) ended(code);
});

function received(frame) {
  const now = performance.now();
  const entry = log.frame("received", frame);
  const first = waiting.shift();
  if (!first) return log.mark(entry, "wrong", "nothing was waiting for it");
  const took = now - first.at;
  if (isSame(first.frame, frame)) log.mark(entry, "back", `after ${tookOf(took)}`);
  else log.mark(entry, "wrong", `after ${tookOf(took)}, not as it was sent`);
  log.mark(first.entry, "back", "");
  times.push(took);
  count();
}

function ended(code) {
  for (const { entry } of waiting.splice(0)) {
    log.mark(entry, "lost", "lost with the connection");
    lost += 1;
  }
  log.note(`The connection ended (code ${code})`);
  count();
}

function count() {
  element("figures").textContent = figuresOf(sent, lost, times);
  element("clear").disabled = false;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  alert("");
  field.focus();
  let frame;
  try {
    frame = kind() === "binary" ? bytesOf(field.value) : field.value;
  } catch (error) {
    if (error instanceof BadBytes) return alert(error.message);
    throw error;
  }
  send(frame);
});

function send(frame) {
  const at = performance.now();
  if (!link.send(frame)) return alert("Not sent: there is no connection. What you wrote stays here.");
  const entry = log.frame("sent", frame);
  log.mark(entry, "waiting", "on its way");
  waiting.push({ at, frame, entry });
  sent += 1;
  last = { kind: kind(), text: field.value };
  field.value = "";
  fit();
  count();
}

const kind = () => form.elements.kind.value;

function choose(value) {
  form.elements.kind.value = value;
  element("frame-label").textContent = value === "binary" ? "Bytes, such as 00 ff 68" : "Text";
  field.dir = value === "binary" ? "ltr" : "auto";
  alert("");
}

for (const choice of form.elements.kind) choice.addEventListener("change", () => choose(choice.value));

field.addEventListener("keydown", (event) => {
  // Enter while a word is being composed, as in Japanese, takes the word.
  if (event.isComposing || event.keyCode === 229) return;
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    form.requestSubmit();
  }
  if (event.key === "ArrowUp" && !field.value && last) {
    event.preventDefault();
    choose(last.kind);
    field.value = last.text;
    fit();
  }
});

field.addEventListener("input", fit);

function fit() {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + field.offsetHeight - field.clientHeight, innerHeight * 0.3)}px`;
}

element("clear").addEventListener("click", () => {
  log.clear();
  times.length = lost = 0;
  sent = waiting.length; // what is on its way still comes
  count();
  field.focus();
});

choose(kind());
element("console").hidden = false;
