// Where the reader is: nothing moves under the eyes, and what is new is counted until seen.

import { part } from "./messages.js";
import { pillOf } from "./words.js";

const NEAR_PX = 48; // so near to the end counts as there

export class Reading {
  #scroller;
  #list;
  #pill;
  #count = 0;
  #onRead;
  #title = document.title;

  /** `onRead` is called when everything has been seen. */
  constructor(scroller, list, pill, onRead) {
    this.#scroller = scroller;
    this.#list = list;
    this.#pill = pill;
    this.#onRead = onRead;
    pill.addEventListener("click", () => this.#toFirstNew());
    scroller.addEventListener("scroll", () => this.#look(), { passive: true });
    document.addEventListener("visibilitychange", () => this.#look());
    this.#look();
  }

  // The scroller is laid out from its end, where `scrollTop` is 0: a keyboard that opens or a
  // composer that grows leaves the newest message in sight.
  get #atEnd() { return this.#scroller.scrollTop > -NEAR_PX; }
  get #following() { return this.#atEnd && !document.hidden; }

  /** Changes the list; whoever reads further up, or is away, keeps the same lines in sight. */
  steady(change) {
    const following = this.#following;
    const [anchor, top] = this.#anchor();
    change();
    if (following) this.#scroller.scrollTop = 0;
    else if (anchor?.isConnected) this.#scroller.scrollTop += anchor.getBoundingClientRect().top - top;
    this.#look();
  }

  /** Adds somebody's message. */
  arrive(change, element) {
    const seen = this.#following;
    this.steady(change);
    if (seen) return;
    if (this.#count++ === 0) this.#divide(element());
    this.#look();
  }

  toEnd() {
    this.#scroller.scrollTop = 0;
    this.#look();
  }

  /** The line above what was new goes: its reader has answered. */
  answered() { this.#divide(null); }

  #anchor() {
    const { top } = this.#scroller.getBoundingClientRect();
    for (const element of this.#list.children) {
      const box = element.getBoundingClientRect();
      if (box.bottom > top) return [element, box.top];
    }
    return [undefined, 0];
  }

  #divide(element) {
    for (const line of this.#list.querySelectorAll('[data-part="unread"]')) line.hidden = true;
    if (!element) return;
    this.steady(() => (part(element, "unread").hidden = false));
  }

  // As many of the new ones as fit, from the first one on.
  #toFirstNew() {
    this.#scroller.scrollTop = 0;
    const line = this.#count && this.#list.querySelector('[data-part="unread"]:not([hidden])');
    if (line) {
      const above = this.#scroller.getBoundingClientRect().top - line.getBoundingClientRect().top;
      if (above > 0) this.#scroller.scrollTop -= above + 8;
    }
    this.#count = 0;
    this.#look();
  }

  #look() {
    if (this.#following) this.#count = 0;
    const far = -this.#scroller.scrollTop > this.#scroller.clientHeight;
    // A button that goes must not take the focus with it.
    if (this.#pill === document.activeElement && !this.#count && !far) this.#list.querySelector('[tabindex="0"]')?.focus({ preventScroll: true });
    this.#pill.hidden = !this.#count && !far;
    this.#pill.textContent = pillOf(this.#count);
    document.title = this.#count ? `(${this.#count}) ${this.#title}` : this.#title;
    if (this.#following) this.#onRead();
  }
}
