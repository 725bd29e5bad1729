// What one writes, changes and takes back: shown at once, and honest about where it is.

import { problemOf } from "./words.js";

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

  /** Sends a message that failed, under its own id: if the server has it, it stays one. */
  again(id) {
    const message = this.#timeline.get(id);
    Object.assign(message, { state: "sending", problem: undefined });
    this.#show(id);
    return this.#settle(id, "message", { id, text: message.text }, (error) =>
      Object.assign(this.#timeline.get(id), { state: "failed", problem: problemOf(error) }),
    );
  }

  edit(id, text) {
    const message = this.#timeline.get(id);
    const { text: before, edited } = message;
    if (text === before || message.deleted) return undefined;
    Object.assign(message, { text, edited: true, state: "sending" });
    this.#show(id);
    return this.#settle(id, "message.edited", { id, text }, (error) => {
      Object.assign(this.#timeline.get(id), { text: before, edited, state: "sent" });
      this.#alert(`Your change was not kept. ${problemOf(error)}`);
    });
  }

  delete(id) {
    this.#timeline.get(id).state = "sending";
    this.#show(id);
    return this.#settle(id, "message.deleted", { id }, (error) => {
      this.#timeline.get(id).state = "sent";
      this.#alert(`Your message was not deleted. ${problemOf(error)}`);
    });
  }

  async #settle(id, type, data, onFailure) {
    try {
      await this.#publish(type, data);
      const message = this.#timeline.get(id);
      if (message) message.state = "sent";
    } catch (error) {
      if (this.#timeline.get(id)) onFailure(error);
    }
    if (this.#timeline.get(id)) this.#show(id);
  }
}

/** A random UUID; `crypto.randomUUID` is missing on pages served without TLS. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
