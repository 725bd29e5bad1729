// Who is typing: told at most every few seconds, and forgotten soon after.

export const TELL_MS = 3000;
export const FORGET_MS = 6000;

export class Typing {
  #people = new Map(); // by id: {name, timer}
  #told = -Infinity;
  #show;
  #tell;

  /** `show(names)` is called when who types changes, `tell()` when others have to know of us. */
  constructor(show, tell) {
    this.#show = show;
    this.#tell = tell;
  }

  /** One has typed something oneself. */
  typed(now) {
    if (now - this.#told < TELL_MS) return;
    this.#told = now;
    this.#tell();
  }

  /** One's message is sent: the next letter tells again. */
  sent() { this.#told = -Infinity; }

  /** Somebody else types. */
  heard({ id, name }) {
    clearTimeout(this.#people.get(id)?.timer);
    this.#people.set(id, { name, timer: setTimeout(() => this.stopped(id), FORGET_MS) });
    this.#changed();
  }

  /** Somebody's message is here, or they have stopped. */
  stopped(id) {
    clearTimeout(this.#people.get(id)?.timer);
    if (this.#people.delete(id)) this.#changed();
  }

  #changed() { this.#show([...this.#people.values()].map(({ name }) => name)); }
}
