// Follows topics over one websocket; docs/protocol.md describes the frames.
import { failure, Outbox, randomMid } from "./outbox.js";

/** @typedef {{epoch: string, seq: number, mid: string}} Position A place in a topic's log. */
/** @typedef {{topic: string, type: string, ts: number, data: any, seq?: number, mid?: string, by?: {id: string, name: string}}} TopicEvent Volatile when it has no `seq`. */
/** @typedef {{topic: string, reason: "trimmed" | "epoch" | "rolled_back", epoch: string, seq: number}} Gap */
/** @typedef {{since?: Position, onEvent: (event: TopicEvent) => void, onGap?: (gap: Gap) => void, onError?: (error: Error & {code: string}) => void}} Follower */
/** @typedef {"connecting" | "connected" | "reconnecting" | "offline" | "closed"} State */

const RETRY_FIRST_MS = 500; // a lost connection is tried again within so long, then the double …
const RETRY_LAST_MS = 20_000; // … and so long at most,
const STABLE_MS = 10_000; // counted anew once a connection has held for so long
const GRACE_MS = 10_000; // silence beyond the server's ping interval that counts as lost
const OPERATIONS = 32; // unanswered at once: the server closes at its 65th

/**
 * Opens a connection that keeps itself alive until `close()`; `url` may be relative to the page.
 * `visitor` says whose page this is: what is published goes as them or not at all. Without it, the
 * first welcome says who writes. @type {(url?: string | URL, options?: {visitor?: string}) => Connection}
 */
export const connect = (url = "/ws/", { visitor } = {}) => new Connection(url, visitor);

/** Reads `data-epoch data-seq data-mid`. @type {(element: HTMLElement) => Position | undefined} */
export const positionOf = ({ dataset: { epoch = "", seq, mid = "" } }) =>
  seq === undefined ? undefined : { epoch, seq: Number(seq), mid };

class Connection {
  #url;
  /** @type {State} */ #state = "connecting";
  #listeners = new Set();
  #subscriptions = new Map();
  #outbox;
  #pending = new Map(); // by id of the operation, what to do with its answer
  #backlog = []; #lastId = 0;
  /** @type {any} */ #socket = null;
  #welcome = { visitor: undefined, ping_s: 15, limits: { frame: 65_536, topics: 128 } };
  #heardAt = 0; #connectedAt = Infinity;
  #attempts = 0; #retryTimer; #silenceTimer;
  #page = new AbortController();

  constructor(url, visitor) {
    this.#url = new URL(url, globalThis.location?.href);
    this.#url.protocol = this.#url.protocol.replace("http", "ws");
    this.#outbox = new Outbox(this.#url, visitor, (...request) => this.#send(...request));
    const listen = (type, action, /** @type {EventTarget} */ target = globalThis) =>
      target?.addEventListener?.(type, action, { signal: this.#page.signal });
    for (const type of ["online", "pageshow"]) listen(type, () => this.#wake());
    listen("visibilitychange", () => document.hidden || this.#wake(), globalThis.document);
    for (const reason of ["offline", "pagehide"]) // the back button keeps no page with a socket
      listen(reason, () => this.#lost({ code: 1006, reason }));
    this.#open();
  }

  get state() { return this.#state; }
  /** The visitor's id as the server knows it; null for one without, undefined until connected. */
  get visitor() { return this.#welcome.visitor; }

  /**
   * Hears each change of `state`; `why` says what ended the connection. Returns how to stop.
   * @param {(state: State, why?: {code: number, reason: string}) => void} listener
   */
  on(name, listener) {
    if (name !== "state") throw failure("bad_request", `expected on("state", …), got "${name}"`);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Follows a topic: every durable event once and in order, over reconnects, or a call of `onGap`,
   * which has to reload the state: events go on from there. `since` is the position of the state
   * that the page shows; without it, all that is kept comes.
   * @param {string} topic
   * @param {Follower} follower
   */
  subscribe(topic, { since, onEvent, onGap, onError = reportError }) {
    if (this.#subscriptions.has(topic))
      throw failure("bad_request", `"${topic}" is followed already; close that subscription first`);
    if (this.#subscriptions.size >= this.#welcome.limits.topics)
      throw failure("bad_request", `"${topic}" is one topic too many; close another subscription`);
    const subscription = { topic, position: since, onEvent, onGap, onError, live: false };
    this.#subscriptions.set(topic, subscription);
    this.#follow(subscription);
    return { close: () => this.#leave(subscription) };
  }

  /**
   * Sends a durable event; settles when the server has it or refuses it. Over reconnects, and after
   * a reload, it is sent again under the same `mid`, so it counts once; a topic's arrive in the order
   * sent. Rejects with an Error whose `code` is the server's, `too_large`, `full` (256 wait),
   * `expired` (after 12 hours), or `closed`, `visitor_changed`: its visitor's next page sends it.
   * @returns {Promise<{seq: number, duplicate: boolean}>}
   */
  async publish(topic, type, data = {}) {
    if (this.#state === "closed") throw failure("closed", "The connection is closed.");
    const text = this.#encode({ op: "publish", topic, mid: randomMid(), type, data });
    const sent = this.#outbox.add(JSON.parse(text));
    this.#outbox.send(topic);
    return sent;
  }

  /**
   * What is published and not confirmed, oldest first, also by this visitor's page before a reload:
   * ask right after `connect(url, { visitor })` to show it as being sent; `sent` tells its end.
   * @type {(topic: string) => import("./outbox.js").Waiting[]}
   */
  waiting(topic) { return this.#outbox.waiting(topic); }

  /** Sends a volatile event to who is there; while not connected it is dropped. */
  whisper(topic, type, data = {}) {
    if (this.#ready) this.#socket.send(this.#encode({ op: "whisper", topic, type, data }));
  }

  /** Ends the connection; what is not confirmed by then is rejected. */
  close() { this.#end({ code: 1000, reason: "The connection is closed." }); }

  get #ready() { return this.#connectedAt < Infinity; }

  #open() {
    clearTimeout(this.#retryTimer);
    this.#socket = new WebSocket(this.#url);
    this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    this.#socket.onclose = ({ code, reason }) => this.#lost({ code, reason });
    this.#heardAt = Date.now();
    this.#watch();
  }

  // Timers stand still while a machine sleeps: the clock tells how old the silence is.
  #watch() {
    clearTimeout(this.#silenceTimer);
    const left = this.#heardAt + this.#welcome.ping_s * 1000 + GRACE_MS - Date.now();
    if (left <= 0) this.#lost({ code: 1006, reason: "silence" });
    else this.#silenceTimer = setTimeout(() => this.#watch(), left);
  }

  #wake() {
    if (this.#socket) this.#watch();
    if (!this.#socket) this.#open();
    if (this.#state === "offline") this.#become(stateWithout());
  }

  #lost(why) {
    if (Date.now() - this.#connectedAt >= STABLE_MS) this.#attempts = 0;
    this.#drop();
    if (why.code >= 4500 && why.code < 4600) return this.#end(why);
    const bound = Math.min(RETRY_FIRST_MS * 2 ** this.#attempts++, RETRY_LAST_MS);
    this.#retryTimer = setTimeout(() => this.#open(), why.retry_ms ?? Math.random() * bound);
    this.#become(stateWithout(), why);
  }

  #drop() {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#silenceTimer);
    const socket = this.#socket;
    this.#socket = null;
    // On a dead network the close event comes a minute late: do not wait for it.
    if (socket) socket.onmessage = socket.onclose = null;
    socket?.close();
    this.#connectedAt = Infinity;
    this.#pending.clear();
    this.#backlog = [];
    this.#subscriptions.forEach((subscription) => (subscription.live = false));
  }

  #end(why) {
    this.#drop();
    this.#page.abort();
    this.#subscriptions.clear();
    if (why.code === 4500) this.#outbox.forget(); // one of them may have been the unreadable frame
    this.#outbox.leave(failure("closed", why.reason));
    this.#become("closed", why);
  }

  #become(state, why) {
    if (state === this.#state) return;
    this.#state = state;
    this.#listeners.forEach((listener) => guarded(listener, state, why));
  }

  // The server would close on a larger one, and after a reconnect on the same one again.
  #encode(frame) {
    const text = JSON.stringify(frame);
    const limit = this.#welcome.limits.frame - 32; // for the id
    if (new TextEncoder().encode(text).length <= limit) return text;
    throw failure("too_large", `A message is at most ${limit} bytes of JSON.`);
  }

  // While not connected nothing is asked: the next welcome asks for all that still matters.
  #request(frame, onAnswer) {
    if (!this.#ready) return;
    if (this.#pending.size >= OPERATIONS) return this.#backlog.push([frame, onAnswer]);
    this.#pending.set(++this.#lastId, onAnswer);
    this.#socket.send(JSON.stringify({ ...frame, id: this.#lastId }));
  }

  #receive(frame) {
    this.#heardAt = Date.now();
    const { op, id } = frame;
    const subscription = this.#subscriptions.get(frame.topic);
    if (op === "welcome") this.#start(frame);
    else if (op === "ping") this.#socket.send(JSON.stringify({ op: "pong", n: frame.n }));
    else if (op === "bye") this.#lost(frame);
    else if (op === "event") this.#deliver(subscription, [frame]);
    else if (op === "events") this.#deliver(subscription, frame.events);
    else if (op === "gap") this.#skip(subscription, frame);
    else if (op === "error" && !id && subscription?.live) this.#refused(subscription, frame);
    else this.#answered(frame);
  }

  #answered(frame) {
    const onAnswer = this.#pending.get(frame.id);
    if (!this.#pending.delete(frame.id)) return;
    if (this.#backlog.length) this.#request(...this.#backlog.shift());
    onAnswer(frame);
  }

  #start(welcome) {
    if (welcome.v !== 1)
      return this.#lost({ code: 4503, reason: "The server is newer than this page: reload it." });
    this.#outbox.open(welcome.visitor);
    this.#welcome = welcome;
    this.#connectedAt = Date.now();
    this.#subscriptions.forEach((subscription) => this.#follow(subscription));
    this.#outbox.sendAll();
    this.#become("connected");
  }

  #again({ retry_ms = RETRY_FIRST_MS * (1 + Math.random()) }, action) {
    const socket = this.#socket;
    setTimeout(() => socket === this.#socket && action(), retry_ms);
  }

  #follow(subscription) {
    const { topic, position } = subscription;
    this.#request({ op: "subscribe", topic, since: position }, (answer) => {
      if (!this.#follows(subscription)) return;
      if (answer.temporary)
        return this.#again(answer, () => this.#follows(subscription) && this.#follow(subscription));
      if (answer.op === "error") return this.#refused(subscription, answer);
      subscription.live = true;
      if (!answer.recovered) return this.#skip(subscription, answer);
      subscription.position = { epoch: answer.epoch, seq: answer.seq, mid: answer.mid };
    });
  }

  #refused(subscription, { code, reason }) {
    const { topic, onError } = subscription;
    subscription.live = false;
    this.#subscriptions.delete(topic);
    guarded(onError, failure(code, `${topic}: ${reason}`));
  }

  #follows(subscription) { return this.#subscriptions.get(subscription.topic) === subscription; }

  #leave(subscription) {
    subscription.live = false;
    if (!this.#follows(subscription)) return;
    this.#subscriptions.delete(subscription.topic);
    this.#request({ op: "unsubscribe", topic: subscription.topic }, () => {});
  }

  #deliver(subscription, events) {
    for (const { op, ...event } of events) {
      // A handler may have closed the subscription, and after a hole nothing counts until healed.
      if (!subscription?.live) return;
      const { epoch, seq: last } = subscription.position;
      if (event.seq > last + 1) return this.#heal(subscription, last);
      if (event.seq <= last) continue;
      if (event.seq) subscription.position = { epoch, seq: event.seq, mid: event.mid };
      guarded(subscription.onEvent, { ...event, topic: subscription.topic });
    }
  }

  // A second hole at one place is the server's fault: a reconnect's delay bounds the loop.
  #heal(subscription, last) {
    if (subscription.healed === last) return this.#lost({ code: 1006, reason: "hole" });
    Object.assign(subscription, { healed: last, live: false });
    this.#follow(subscription);
  }

  #skip(subscription, { epoch, seq, mid, reason }) {
    if (!subscription?.live) return;
    const { topic, onGap, onError } = subscription;
    subscription.position = { epoch, seq, mid };
    if (onGap) guarded(onGap, { topic, reason, epoch, seq });
    else guarded(onError, failure("gap", `${topic}: events are gone (${reason}); give an onGap`));
  }

  #send(frame, onAnswer) {
    this.#request(frame, (answer) => {
      if (answer.temporary) this.#again(answer, () => this.#send(frame, onAnswer));
      else onAnswer(answer);
    });
  }
}

const stateWithout = () => (globalThis.navigator?.onLine === false ? "offline" : "reconnecting");
// A page's own function: its error is the page's, and no reason to stop or to repeat.
const guarded = (action, ...values) => {
  try { action(...values); } catch (error) { reportError(error); }
};
