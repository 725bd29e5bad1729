// What one writes, changes and takes back: shown at once, and honest about where it is.

import { problemOf } from "./words.js";

// Sending a change again would end the same.
const FINAL = new Set(["gone", "denied"]);

export class Sending {
  #publish;
  #timeline;
  #show;
  #alert;

  /** `publish(type, data)` is the client's; `show(id)` shows a message; `alert(sentence)` says what failed. */
  constructor(publish, timeline, show, alert) {
    this.#publish = publish;
    this.#timeline = timeline;
    this.#show = show;
    this.#alert = alert;
  }

  write(id, text, now) {
    this.#timeline.write(id, text, now);
    return this.again(id);
  }

  /** Sends what failed, under its own id: if the server has it, it stays one message. */
  again(id) {
    const message = this.#timeline.get(id);
    const { text, number } = message;
    if (number !== undefined) return this.#edited(id, text, this.#publish("message.edited", { id, text }));
    Object.assign(message, { state: "sending", problem: undefined });
    return this.#written(id, this.#publish("message", { id, text }));
  }

  /** Gives up what failed: a new message goes, a changed one is as it was before. */
  discard(id) {
    const message = this.#timeline.get(id);
    if (message.number === undefined) this.#timeline.discard(id);
    else takeBack(message);
  }

  edit(id, text) {
    if (text === this.#timeline.get(id).text) return undefined;
    return this.#edited(id, text, this.#publish("message.edited", { id, text }));
  }

  delete(id) {
    return this.#deleted(id, this.#publish("message.deleted", { id }));
  }

  /** What was written before a reload and is still on its way, as the client hands it over. */
  resume({ type, data: { id, text }, at, sent }) {
    const known = this.#timeline.get(id);
    if (type === "message" && !known) this.#timeline.write(id, text, at);
    if (type === "message") return this.#written(id, sent);
    if (!known) return sent.catch(() => {});
    return type === "message.edited" ? this.#edited(id, text, sent) : this.#deleted(id, sent);
  }

  #written(id, sent) {
    return this.#settle(id, sent, (message, error) => {
      Object.assign(message, { state: "failed", problem: problemOf("Not sent", error) });
    });
  }

  #edited(id, text, sent) {
    const message = this.#timeline.get(id);
    const before = message.before ?? { text: message.text, edited: message.edited };
    Object.assign(message, { text, before, edited: true, state: "sending", problem: undefined });
    return this.#settle(id, sent, (message, error) => {
      const problem = problemOf("Your change was not kept", error);
      if (!FINAL.has(error.code)) return Object.assign(message, { state: "failed", problem });
      takeBack(message);
      this.#alert(problem);
    });
  }

  #deleted(id, sent) {
    this.#timeline.get(id).state = "sending";
    return this.#settle(id, sent, (message, error) => {
      message.state = "sent";
      this.#alert(problemOf("Your message was not deleted", error));
    });
  }

  // The server has it, or will not: by then the message may be another object, or gone.
  async #settle(id, sent, onFailure) {
    this.#show(id);
    let failure;
    try {
      await sent;
    } catch (error) {
      failure = error;
    }
    const message = this.#timeline.get(id);
    if (!message) return;
    if (!failure) Object.assign(message, { state: "sent", before: undefined });
    else if (message.number === undefined || message.state === "sending") onFailure(message, failure);
    this.#show(id);
  }
}

function takeBack(message) {
  Object.assign(message, { ...message.before, before: undefined, problem: undefined, state: "sent" });
}

/** A random UUID; `crypto.randomUUID` is missing on pages served without TLS. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
