// A scripted browser: its clock, page events, network and the server's end of each websocket.

import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { mock } from "node:test";

// Older Nodes take a .js file outside a package for CommonJS; an address says what it is.
const address = (text) => `data:text/javascript;base64,${Buffer.from(text).toString("base64")}`;
const source = (name) =>
  readFileSync(new URL(`../../../channels_celery/static/channels_celery/${name}`, import.meta.url), "utf8");
// A module is its text, with what it imports put in the same way.
const addressOf = (name) =>
  address(source(name).replace(/(?<=^import .*")\.\/(\w+\.js)/gm, (_, other) => addressOf(other)));
export const modules = (name) => import(addressOf(name));
export const { connect, positionOf } = await modules("client.js");

/** Timers and `Date.now` stand still until `advance`. */
class Clock {
  now = 1_000_000;
  #timers = new Map();
  #lastId = 0;

  install() {
    mock.method(Date, "now", () => this.now);
    mock.method(globalThis, "setTimeout", (action, delay = 0) => {
      this.#timers.set(++this.#lastId, { action, at: this.now + delay });
      return this.#lastId;
    });
    mock.method(globalThis, "clearTimeout", (id) => this.#timers.delete(id));
  }

  advance(milliseconds) {
    const end = this.now + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end);
      if (!due.length) break;
      const [id, { action, at }] = due.reduce((a, b) => (b[1].at < a[1].at ? b : a));
      this.#timers.delete(id);
      this.now = at;
      action();
    }
    this.now = end;
  }

  /** Time passes, but no timer runs: the machine sleeps. */
  sleep(milliseconds) {
    this.now += milliseconds;
  }

  get waiting() {
    return this.#timers.size;
  }
}

class FakeSocket {
  sent = [];
  closed = false;

  constructor(url) {
    this.url = String(url);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closed = true;
  }

  /** The server's frame arrives. */
  says(...frames) {
    for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) });
  }

  welcomes(more = {}) {
    const limits = { frame: 65_536, topics: 128 };
    this.says({ op: "welcome", v: 1, sid: "s1", visitor: "g1", ping_s: 15, limits, ...more });
  }

  /** The connection ends. */
  ends(code = 1006, reason = "") {
    this.onclose?.({ code, reason });
  }

  /** The frames of one kind that the client sent. */
  asked(op) {
    return this.sent.filter((frame) => frame.op === op);
  }

  /** Answers the client's newest subscribe. */
  accepts(more = {}) {
    const { id, topic, since } = this.asked("subscribe").at(-1);
    const position = since ?? { epoch: "e1", seq: 0 };
    const { epoch, seq, mid = "" } = position;
    this.says({ op: "subscribed", id, topic, epoch, seq, mid, recovered: true, ...more });
  }
}

/** A tab's storage, which holds so many values and, as it may, lists the newest key first. */
export function storage(room = Infinity) {
  const methods = {
    getItem: (key) => kept[key] ?? null,
    removeItem: (key) => delete kept[key],
    setItem: (key, text) => {
      if (Object.keys(kept).length >= room) throw new Error("QuotaExceededError");
      kept[key] = String(text);
    },
  };
  const kept = Object.create(methods);
  return new Proxy(kept, { ownKeys: () => Reflect.ownKeys(kept).reverse() });
}

/**
 * Puts a new scripted browser in place of Node's globals; every random number is one half. With the
 * storage of an earlier one it is the same tab after a reload.
 */
export function browser({ sessionStorage = storage(), now } = {}) {
  mock.restoreAll();
  const clock = Object.assign(new Clock(), now && { now });
  clock.install();
  mock.method(Math, "random", () => 0.5);
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { hidden: false });
  const sockets = [];
  const reported = [];
  const navigator = { onLine: true };
  const globals = {
    WebSocket: class extends FakeSocket {
      constructor(url) {
        super(url);
        sockets.push(this);
      }
    },
    addEventListener: window.addEventListener.bind(window),
    crypto: webcrypto,
    document,
    location: new URL("https://shop.example/images/"),
    navigator,
    reportError: (error) => reported.push(error),
    sessionStorage,
  };
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  const page = (type, more = {}) => window.dispatchEvent(Object.assign(new Event(type), more));
  const shown = () => document.dispatchEvent(new Event("visibilitychange"));
  return { clock, sockets, reported, navigator, document, page, shown, socket: () => sockets.at(-1) };
}

/** A durable event of the topic `t`. */
export const event = (seq, more = {}) => ({
  op: "event", topic: "t", seq, mid: `m${seq}`, type: "note", ts: 1, data: { n: seq }, ...more,
});
