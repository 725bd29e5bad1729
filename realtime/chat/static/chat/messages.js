// Puts a timeline's messages on the page, each in its place, and never twice.

import { follows, opensDay } from "./timeline.js";
import { dayOf, exactTimeOf, timeOf } from "./words.js";

export class Messages {
  #timeline;
  #list;
  #template;
  #empty;

  constructor(timeline, list, template, empty) {
    this.#timeline = timeline;
    this.#list = list;
    this.#template = template;
    this.#empty = empty;
  }

  /** The message's element. */
  of(id) { return this.#list.querySelector(`[data-id="${CSS.escape(id)}"]`); }

  /** Everything as the timeline has it now; elements stay what they are. */
  showAll() {
    const all = this.#timeline.all;
    const known = new Set(all.map(({ id }) => id));
    for (const element of [...this.#list.children]) if (!known.has(element.dataset.id)) element.remove();
    all.forEach((message, index) => {
      const element = this.of(message.id) ?? this.#make(message.id);
      if (this.#list.children[index] !== element) this.#list.insertBefore(element, this.#list.children[index] ?? null);
      this.#fill(element, message, all[index - 1]);
    });
    this.#settle();
  }

  /** One message as the timeline has it now, and the one after it, whose head depends on it. */
  show(id) {
    const all = this.#timeline.all;
    const index = all.findIndex((message) => message.id === id);
    const element = this.of(id) ?? this.#make(id);
    const next = all[index + 1];
    const after = next ? this.of(next.id) : null;
    // Moving an element takes the focus from it.
    if (!element.isConnected || element.nextElementSibling !== after) this.#list.insertBefore(element, after);
    this.#fill(element, all[index], all[index - 1]);
    if (next) this.#head(after, next, all[index]);
    this.#settle();
  }

  #make(id) {
    const element = this.#template.content.firstElementChild.cloneNode(true);
    element.dataset.id = id;
    return element;
  }

  #fill(element, message, before) {
    const { text, sent, edited, deleted, state, problem = "" } = message;
    const own = this.#timeline.isOwn(message);
    element.dataset.state = state;
    element.toggleAttribute("data-own", own);
    element.toggleAttribute("data-deleted", deleted);
    part(element, "name").textContent = own ? "You" : message.by.name;
    part(element, "text").textContent = deleted ? "Message deleted" : text;
    const time = part(element, "time");
    time.textContent = timeOf(sent);
    time.dateTime = new Date(sent).toISOString();
    time.title = exactTimeOf(sent);
    part(element, "edited").hidden = !edited || deleted;
    part(element, "actions").hidden = !own || deleted || state !== "sent";
    part(element, "status").hidden = state !== "failed";
    part(element, "problem").textContent = problem;
    this.#head(element, message, before);
  }

  #head(element, message, before) {
    const day = part(element, "day");
    day.hidden = !opensDay(before, message);
    day.removeAttribute("data-guess");
    day.textContent = day.hidden ? "" : dayOf(message.sent, Date.now());
    element.toggleAttribute("data-follows", day.hidden && follows(before, message));
  }

  // One stop for the Tab key: the message that is being looked at, else the newest.
  #settle() {
    this.#empty.hidden = this.#list.childElementCount > 0;
    const newest = this.#list.lastElementChild;
    if (newest && !this.#list.contains(document.activeElement)) this.mark(newest);
  }

  /** Makes an element the list's stop for the Tab key. */
  mark(element) {
    for (const other of this.#list.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
    element.tabIndex = 0;
  }
}

export const part = (element, name) => element.querySelector(`[data-part="${name}"]`);
