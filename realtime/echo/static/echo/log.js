// The log of the console: one entry a frame, the newest at the end.

import { aboutOf, shownOf } from "./frames.js";

const KEPT = 500; // entries; older ones go
const NEAR_PX = 24;

const clock = new Intl.DateTimeFormat(undefined, { hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });

export class Log {
  #box;
  #list;
  #template;
  #empty;

  constructor(box, list, template, empty) {
    this.#box = box;
    this.#list = list;
    this.#template = template;
    this.#empty = empty;
  }

  /** A frame that went out or came in; returns its entry. */
  frame(way, frame) {
    const entry = this.#add(way);
    part(entry, "about").textContent = aboutOf(frame);
    part(entry, "content").textContent = shownOf(frame);
    return entry;
  }

  /** Something that is no frame. */
  note(sentence) {
    part(this.#add("note"), "about").textContent = sentence;
  }

  /** Says on an entry how it went. */
  mark(entry, state, sentence) {
    entry.dataset.state = state;
    part(entry, "took").textContent = sentence;
  }

  clear() {
    this.#list.replaceChildren();
    this.#empty.hidden = false;
  }

  #add(way) {
    const { scrollHeight, scrollTop, clientHeight } = this.#box;
    // Who reads further up is not moved.
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    const entry = this.#template.content.firstElementChild.cloneNode(true);
    const now = new Date();
    entry.dataset.way = way;
    part(entry, "time").textContent = clock.format(now);
    part(entry, "time").dateTime = now.toISOString();
    part(entry, "way").textContent = { sent: "Sent", received: "Received", note: "" }[way];
    this.#list.append(entry);
    while (this.#list.children.length > KEPT) this.#list.firstElementChild.remove();
    this.#empty.hidden = true;
    if (atEnd) this.#box.scrollTop = this.#box.scrollHeight;
    return entry;
  }
}

const part = (entry, name) => entry.querySelector(`[data-part="${name}"]`);
