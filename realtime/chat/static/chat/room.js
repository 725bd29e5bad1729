// A room's page: puts its parts together.

import { connect, positionOf } from "../channels_celery/client.js";
import { withPresence } from "../channels_celery/presence.js";
import { Composer } from "./composer.js";
import { History } from "./history.js";
import { Messages, part } from "./messages.js";
import { Reading } from "./reading.js";
import { Rooms } from "./rooms.js";
import { newId, Sending } from "./sending.js";
import { reloadForAnother } from "../site/visitor.js";
import { showConnection } from "../site/connection.js";
import { Timeline } from "./timeline.js";
import { Typing } from "./typing.js";
import { Unsent } from "./unsent.js";
import { hereOf, typingOf } from "./words.js";

const element = (id) => document.getElementById(id);
const room = element("room");
const { topic, visitor } = room.dataset;
const list = element("messages");
const say = (sentence) => (element("said").textContent = sentence);
const alert = (sentence) => (element("alert").textContent = sentence);

// A page of history by its address is for those without scripts.
if (location.search) location.replace(location.pathname);

const timeline = new Timeline({ id: visitor, name: "You" });
timeline.reset(JSON.parse(element("state").textContent));
const unsent = new Unsent(`chat.unsent.${visitor}.${topic}`);
unsent.restore(timeline);
const messages = new Messages(timeline, list, element("message"), element("empty"));
const connection = connect(room.dataset.socket, { visitor });
const rooms = new Rooms(connection, element("rooms"));
messages.showAll();
const reading = new Reading(element("scroller"), list, element("pill"), () =>
  rooms.read(room.dataset.room, timeline.last),
);
const show = (id) => {
  reading.steady(() => messages.show(id));
  unsent.keep(timeline.all);
};
const showAll = (change) =>
  reading.steady(() => {
    change();
    messages.showAll();
  });
const history = new History(timeline, element("earlier"), element("scroller"), (change) =>
  showAll(() => {
    change();
    unsent.restore(timeline);
  }),
);
const sending = new Sending((type, data) => connection.publish(topic, type, data), timeline, show, alert);
const typing = new Typing(showTyping, () => connection.whisper(topic, "typing"));

for (const waiting of connection.waiting(topic)) sending.resume(waiting);

// Events.

showConnection(connection, "Messages are sent later.");
reloadForAnother(connection, visitor);
const follower = { since: positionOf(room), onEvent: take, onGap: () => history.reload(), onError: ended, onPresent: showPresent };
connection.subscribe(topic, withPresence(connection, topic, follower));

function take(event) {
  if (event.type === "typing") {
    if (event.by.id !== visitor) typing.heard(event.by);
    return;
  }
  history.heard(event);
  const changed = timeline.apply(event);
  if (!changed) return;
  const { message, isNew } = changed;
  typing.stopped(message.by.id);
  if (!isNew || timeline.isOwn(message)) return show(message.id);
  reading.arrive(() => messages.show(message.id), () => messages.of(message.id));
  say(`${message.by.name}: ${message.text}`);
}

function ended() {
  alert("This room is closed. Reload the page.");
}

function showPresent(members, n) {
  element("here").textContent = hereOf(n);
  element("here").title = members.map(({ name }) => name).join(", ");
}

function showTyping(names) {
  const pieces = typingOf(names).map((piece) => {
    if (typeof piece === "string") return piece;
    const name = document.createElement("bdi");
    name.textContent = piece.name;
    return name;
  });
  element("typing").replaceChildren(...pieces);
}

// What one does.

const composer = new Composer(element("composer"), `chat.draft.${topic}`, {
  send(text) {
    alert("");
    typing.sent();
    reading.answered();
    sending.write(newId(), text, Date.now());
    reading.toEnd();
  },
  edit: (id, text) => {
    alert("");
    sending.edit(id, text);
  },
  typing: () => typing.typed(Date.now()),
  editLast: () => edit(timeline.all.findLast((message) => timeline.isOwn(message) && !message.deleted && message.state === "sent")),
});

function edit(message) {
  if (message?.state === "sent") composer.edit(message.id, message.text);
}

async function remove(id) {
  const dialog = element("confirm");
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((closed) => dialog.addEventListener("close", closed, { once: true }));
  if (dialog.returnValue !== "delete") return;
  if (composer.editing === id) composer.cancel();
  sending.delete(id);
  messages.of(id).focus();
}

list.addEventListener("click", ({ target }) => {
  const { id } = target.closest('[data-part="message"]')?.dataset ?? {};
  const action = target.closest("button")?.dataset.part;
  if (action === "edit") edit(timeline.get(id));
  if (action === "delete") remove(id);
  if (action === "again") sending.again(id);
  if (action !== "discard") return;
  showAll(() => sending.discard(id));
  unsent.keep(timeline.all);
  composer.focus();
});

list.addEventListener("focusin", ({ target }) => {
  const message = target.closest('[data-part="message"]');
  messages.mark(message);
  // There the buttons stand above the message: they have to be in sight.
  if (matchMedia("(max-width: 48rem)").matches) message.scrollIntoView({ block: "nearest" });
});

list.addEventListener("keydown", (event) => {
  const here = event.target.closest('[data-part="message"]');
  const there = { ArrowUp: here.previousElementSibling, ArrowDown: here.nextElementSibling }[event.key];
  if (!there) return;
  event.preventDefault();
  there.focus();
});
