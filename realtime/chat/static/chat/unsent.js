// What could not be sent, kept over a reload of the tab until it is sent again or discarded.

/** A browser may keep nothing for this site: then only the page that is open has it. */
export class Unsent {
  #key;

  /** @param {string} key where it is kept: of one visitor and one room */
  constructor(key) {
    this.#key = key;
  }

  /** Of all these messages, those that failed. @param {import("./timeline.js").Message[]} messages */
  keep(messages) {
    const failed = messages.filter(({ state }) => state === "failed");
    const kept = failed.map(({ id, text, sent, problem }) => ({ id, text, sent, problem }));
    try { sessionStorage.setItem(this.#key, JSON.stringify(kept)); } catch { /* as above */ }
  }

  /** Puts them back where they were, new messages and changed ones. @param {import("./timeline.js").Timeline} timeline */
  restore(timeline) {
    for (const { id, text, sent, problem } of this.#kept()) {
      const known = timeline.get(id);
      const message = known ?? timeline.write(id, text, sent);
      if (message.deleted || message.text === text && known) continue;
      const before = known && { text: message.text, edited: message.edited };
      Object.assign(message, { text, before, problem, state: "failed" });
    }
  }

  #kept() {
    try { return JSON.parse(sessionStorage.getItem(this.#key)) ?? []; } catch { return []; }
  }
}
