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
  #follows = true; // who reads further up is not moved

  constructor(box, list, template, empty) {
    this.#box = box;
    this.#list = list;
    this.#template = template;
    this.#empty = empty;
    box.addEventListener("scroll", () => {
      this.#follows = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
    });
    new ResizeObserver(() => this.#follow()).observe(box);
  }

  /** A frame that went out or came in; returns its entry. */
  frame(way, frame) {
    this.#empty.hidden = true;
    return this.#add(way, aboutOf(frame), shownOf(frame));
  }

  /** Something that is no frame. */
  note(sentence) {
    this.#add("note", sentence);
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

  #add(way, about, content = "") {
    const entry = this.#template.content.firstElementChild.cloneNode(true);
    const now = new Date();
    entry.dataset.way = way;
    part(entry, "time").textContent = clock.format(now);
    part(entry, "time").dateTime = now.toISOString();
    part(entry, "way").textContent = { sent: "Sent", received: "Received", note: "" }[way];
    part(entry, "about").textContent = about;
    part(entry, "content").textContent = content;
    this.#list.append(entry);
    while (this.#list.children.length > KEPT) this.#list.firstElementChild.remove();
    this.#follow();
    return entry;
  }

  #follow() {
    if (this.#follows) this.#box.scrollTop = this.#box.scrollHeight;
  }
}

const part = (entry, name) => entry.querySelector(`[data-part="${name}"]`);
