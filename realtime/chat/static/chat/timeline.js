// What the page knows of a room's messages: first from the server, then from events.

/** @typedef {{id: string, name: string}} Person */
/** @typedef {{id: string, number?: number, text: string, sent: number, edited: boolean, deleted: boolean, by: Person, state: "sent" | "sending" | "failed", problem?: string, before?: {text: string, edited: boolean}}} Message `before` is how it was until a change that the server does not have. Without `number` until the server has given it its place. */

export class Timeline {
  #messages = new Map();
  #me;
  /** Whether the server has earlier ones. */
  more = false;

  /** @param {Person} me */
  constructor(me) {
    this.#me = me;
  }

  /** The order of the room: the server's, then what it does not have yet, in the order written. */
  get all() {
    return [...this.#messages.values()].sort((one, other) => place(one) - place(other));
  }

  get(id) { return this.#messages.get(id); }
  isOwn(message) { return message.by.id === this.#me.id; }

  /** The number of the newest message. */
  get last() { return Math.max(0, ...this.all.map(({ number = 0 }) => number)); }
  /** The number of the earliest message that is here. */
  get first() { return Math.min(...this.all.map(({ number = Infinity }) => number)); }

  /** A page of history: the newest one replaces all but what is not sent yet. */
  reset({ messages, more }) {
    const unsent = this.all.filter(({ number, state }) => number === undefined && state !== "sent");
    this.more = more;
    this.#messages = new Map(messages.map((message) => [message.id, { ...message, state: "sent" }]));
    for (const message of unsent) if (!this.get(message.id)) this.#messages.set(message.id, message);
  }

  /** A page of history that ends before the earliest message here. */
  extend({ messages, more }) {
    this.more = more;
    for (const message of messages)
      if (!this.get(message.id)) this.#messages.set(message.id, { ...message, state: "sent" });
  }

  /** One's own message, before the server has it. */
  write(id, text, now) {
    const message = { id, text, sent: now, edited: false, deleted: false, by: this.#me, state: "sending" };
    this.#messages.set(id, message);
    return message;
  }

  discard(id) { this.#messages.delete(id); }

  /** Takes in an event; returns the message that looks different now, and whether it is new here. */
  apply({ type, data, by }) {
    // What has been deleted or edited since is empty in the log: the event that did it follows.
    if (!data || !CHANGES.has(type)) return undefined;
    const known = this.get(data.id);
    // It stands, or will stand, in history as it is now.
    if (!known && (type === "message.deleted" || (this.more && data.number < this.first))) return undefined;
    if (known?.number !== undefined && type === "message") return undefined;
    const message = { ...data, by: by ?? known.by, state: "sent" };
    this.#messages.set(data.id, message);
    return { message, isNew: !known && type === "message" };
  }
}

const CHANGES = new Set(["message", "message.edited", "message.deleted"]);
const place = ({ number = Infinity }) => (number === Infinity ? Number.MAX_SAFE_INTEGER : number);

/** Whether a message stands under the name and the minute of the one before it. */
export const follows = (before, message) =>
  before !== undefined && before.by.id === message.by.id && minute(before) === minute(message);

/** Whether a message is the first of its day, as the reader's calendar has it. */
export const opensDay = (before, message) =>
  before === undefined || new Date(before.sent).toDateString() !== new Date(message.sent).toDateString();

const minute = ({ sent }) => Math.floor(sent / 60_000);
