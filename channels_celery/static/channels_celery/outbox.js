// What was published and is not confirmed: kept in memory and, for its visitor, over a reload.
/**
 * A message that is not confirmed, written `at` (milliseconds since 1970). `sent` is the promise of
 * its `publish`, or after a reload one like it. The page's state may show the message already, if
 * only the answer was lost: its event has the same `mid`. What is refused while no page has asked
 * for its topic since a reload is refused again when one asks, so nobody's words are lost unseen.
 * @typedef {{topic: string, mid: string, type: string, data: any, at: number, sent: Promise<{seq: number, duplicate: boolean}>}} Waiting
 */

const BOUND = 256; // messages that may wait
const EXPIRY_MS = 12 * 3_600_000; // by default a server knows a mid again for a day

/**
 * A tab's messages, oldest first; of a topic one is under way, the next waits for its answer. They
 * are kept in `sessionStorage`, each under its visitor: only that visitor's pages take them up
 * again. Without storage, or when it is full, memory alone has them. Nothing is kept while it is
 * not known who writes, or for nobody (null).
 */
export class Outbox {
  #place; #visitor; #prefix; #send;
  #messages = []; #lastAt = 0;
  #underWay = new Set(); // topics

  /**
   * `place` is the server's address, `visitor` who writes, as far as it is known;
   * `send(frame, onAnswer)` asks until it is answered for good.
   */
  constructor(place, visitor, send) {
    this.#place = place;
    this.#send = send;
    if (visitor !== undefined) this.open(visitor);
  }

  /** From now on `visitor` writes: takes up theirs, and gives up what somebody else has written. */
  open(visitor) {
    if (this.#visitor !== undefined && this.#visitor !== visitor)
      this.leave(failure("visitor_changed", "You are somebody else now: send it again."));
    this.#visitor = visitor;
    this.#prefix = visitor && `channels_celery.outbox ${this.#place} ${visitor} `;
    for (const message of this.#messages) this.#keep(message);
    this.#restore();
  }

  /** Throws an Error with the code `full`. @returns {Waiting["sent"]} */
  add({ topic, mid, type, data }) {
    if (this.#messages.length >= BOUND)
      throw failure("full", `${BOUND} messages wait to be sent already.`);
    // Later than the last one also when the clock was set back: the order is by this number.
    const at = (this.#lastAt = Math.max(Date.now(), this.#lastAt + 1));
    const message = promised({ topic, mid, type, data, at, asked: true });
    this.#messages.push(message);
    this.#keep(message);
    return message.sent;
  }

  /** A connection begins: nothing is under way on it yet. */
  sendAll() {
    this.#underWay.clear();
    for (const topic of new Set(this.#messages.map(({ topic }) => topic))) this.send(topic);
  }

  /** Sends the topic's oldest message, unless one is under way. */
  send(topic) {
    if (this.#underWay.has(topic)) return;
    const message = this.#next(topic);
    if (!message) return;
    this.#underWay.add(topic);
    const { mid, type, data } = message;
    this.#send({ op: "publish", topic, mid, type, data }, ({ op, code, reason, seq, duplicate = false }) => {
      this.#settle(message, op === "error" ? failure(code, reason) : { seq, duplicate });
      this.#underWay.delete(topic);
      this.send(topic);
    });
  }

  /** What waits, of one topic, oldest first. @returns {Waiting[]} */
  waiting(topic) {
    const asked = this.#messages.filter((message) => message.topic === topic);
    return asked.map((message) => {
      message.asked = true;
      const { mid, type, data, at, sent } = message;
      return { topic, mid, type, data: structuredClone(data), at, sent };
    });
  }

  /** Gives up on behalf of this page: what is kept waits for its visitor's next one. */
  leave(error) {
    for (const { settle } of this.#messages.splice(0)) settle(error);
  }

  /** Keeps nothing of what waits beyond this page. */
  forget() { this.#messages.forEach((message) => this.#forget(message)); }

  #next(topic) {
    for (;;) {
      const message = this.#messages.find((message) => message.topic === topic);
      if (!message || message.at > Date.now() - EXPIRY_MS) return message;
      this.#settle(message, failure("expired", "It waited too long; send it again."));
    }
  }

  // An error that nobody would hear, as no page has asked since the reload, leaves the message to
  // the next page that asks.
  #settle(message, answer) {
    this.#messages = this.#messages.filter((other) => other !== message);
    if (message.asked || !(answer instanceof Error)) this.#forget(message);
    message.settle(answer);
  }

  // A page that was left with the back button has its own memory: the union counts.
  #restore() {
    if (!this.#prefix) return;
    const known = new Set(this.#messages.map(({ mid }) => mid));
    for (const key of quietly(Object.keys) ?? []) {
      if (!key.startsWith(this.#prefix) || known.has(key.slice(this.#prefix.length))) continue;
      const kept = quietly((storage) => JSON.parse(storage.getItem(key)));
      if (!kept) continue;
      this.#messages.push(promised(kept));
      this.#messages.at(-1).sent.catch(() => {}); // perhaps nobody asks
    }
    this.#messages.sort((a, b) => a.at - b.at);
    this.#lastAt = Math.max(this.#lastAt, this.#messages.at(-1)?.at ?? 0);
  }

  #keep({ topic, mid, type, data, at }) {
    const text = JSON.stringify({ topic, mid, type, data, at });
    if (this.#prefix) quietly((storage) => storage.setItem(this.#prefix + mid, text));
  }

  #forget({ mid }) {
    if (this.#prefix) quietly((storage) => storage.removeItem(this.#prefix + mid));
  }
}

/** An Error with a `code`. */
export const failure = (code, reason) => Object.assign(new Error(reason || code), { code });

function promised(message) {
  let settle;
  const sent = new Promise((resolve, reject) => {
    settle = (answer) => (answer instanceof Error ? reject(answer) : resolve(answer));
  });
  return { ...message, sent, settle };
}

// A browser may refuse its storage, and it may be full.
const quietly = (action) => {
  try { return action(globalThis.sessionStorage); } catch { return undefined; }
};
// `crypto.randomUUID` is missing on pages served without TLS.
export const randomMid = () => crypto.getRandomValues(new Uint32Array(4)).join("-");
