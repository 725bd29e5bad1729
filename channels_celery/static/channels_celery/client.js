// Follows topics over one websocket; docs/protocol.md describes the frames.
import { guarded, Link } from "./link.js";
import { failure, Outbox, randomMid } from "./outbox.js";

/** @typedef {{epoch: string, seq: number, mid: string}} Position A place in a topic's log. */
/** @typedef {{topic: string, type: string, ts: number, data: any, seq?: number, mid?: string, by?: {id: string, name: string}}} TopicEvent Volatile when it has no `seq`. */
/** @typedef {{topic: string, reason: "trimmed" | "epoch" | "rolled_back", epoch: string, seq: number}} Gap */
/** @typedef {{since?: Position, onEvent: (event: TopicEvent) => void, onGap?: (gap: Gap) => void, onLive?: (followed: () => boolean) => void, onError?: (error: Error & {code: string}) => void}} Follower */
/** @typedef {import("./link.js").State} State */

const OPERATIONS = 32; // unanswered at once: the server closes at its 65th
const AGAIN_MS = 500; // what the server could not do for now is asked again after so long, or twice that

/**
 * Opens a connection that keeps itself alive until `close()`; `url` may be relative to the page.
 * `visitor` says whose page this is: what is published goes as them or not at all. Without it, the
 * first welcome says who writes. `fallback` stands in for websockets where a network blocks them:
 * `eventStream("/events/")` of sse.js.
 * @param {string | URL} [url]
 * @param {{visitor?: string | null, fallback?: () => import("./link.js").Socket}} [options]
 */
export const connect = (url = "/ws/", { visitor, fallback } = {}) => new Connection(url, visitor, fallback);

/** Reads `data-epoch data-seq data-mid`. @type {(element: HTMLElement) => Position | undefined} */
export const positionOf = ({ dataset: { epoch = "", seq, mid = "" } }) =>
  seq === undefined ? undefined : { epoch, seq: Number(seq), mid };

class Connection {
  #link; #outbox;
  #subscriptions = new Map();
  #pending = new Map(); // by id of the operation, what to do with its answer
  #backlog = []; #lastId = 0;

  constructor(url, visitor, fallback) {
    const place = new URL(url, globalThis.location?.href);
    place.protocol = place.protocol.replace("http", "ws");
    this.#outbox = new Outbox(place, visitor, (...request) => this.ask(...request));
    this.#link = new Link(place, fallback, {
      begun: () => this.#begun(),
      heard: (frame) => this.#heard(frame),
      lost: () => this.#lost(),
      ended: (why) => this.#ended(why),
    });
  }

  /** @returns {State} */
  get state() { return this.#link.state; }
  /** The visitor's id as the server knows it; null for one without, undefined until connected. */
  get visitor() { return this.#link.welcome.visitor; }

  /**
   * Hears each change of `state`; `why` says what ended the connection. Returns how to stop.
   * @param {(state: State, why?: {code: number, reason: string}) => void} listener
   */
  on(name, listener) {
    if (name !== "state") throw failure("bad_request", `expected on("state", …), got "${name}"`);
    return this.#link.on(listener);
  }

  /**
   * Follows a topic: every durable event once and in order, over reconnects, or a call of `onGap`,
   * which has to reload the state: events go on from there. `since` is the position of the state
   * that the page shows; without it, all that is kept comes. `onLive` is called whenever the server
   * has begun to send, so again after each reconnect; `followed()` says whether this one still is.
   * @param {string} topic
   * @param {Follower} follower
   */
  subscribe(topic, { since, onEvent, onGap, onLive, onError = reportError }) {
    if (this.#subscriptions.has(topic))
      throw failure("bad_request", `"${topic}" is followed already; close that subscription first`);
    if (this.#subscriptions.size >= this.#link.welcome.limits.topics)
      throw failure("bad_request", `"${topic}" is one topic too many; close another subscription`);
    const subscription = { topic, position: since, onEvent, onGap, onLive, onError, live: false };
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
    if (this.state === "closed") throw failure("closed", "The connection is closed.");
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
    if (this.#link.ready) this.#link.send(this.#encode({ op: "whisper", topic, type, data }));
  }

  /**
   * Asks the server, again while it can not answer for now; a connection that is lost answers no
   * more, and while there is none nothing is asked.
   */
  ask(frame, onAnswer) {
    this.#request(frame, (answer) => {
      if (answer.temporary) this.#again(answer, () => this.ask(frame, onAnswer));
      else onAnswer(answer);
    });
  }

  /** Ends the connection; what is not confirmed by then is rejected. */
  close() { this.#link.end({ code: 1000, reason: "The connection is closed." }); }

  #begun() {
    this.#outbox.open(this.visitor);
    this.#subscriptions.forEach((subscription) => this.#follow(subscription));
    this.#outbox.sendAll();
  }

  #lost() {
    this.#pending = new Map();
    this.#backlog = [];
    this.#subscriptions.forEach((subscription) => (subscription.live = false));
  }

  #ended({ code, reason }) {
    this.#subscriptions.clear();
    if (code === 4500) this.#outbox.forget(); // one of them may have been the unreadable frame
    this.#outbox.leave(failure("closed", reason));
  }

  // The server would close on a larger one, and after a reconnect on the same one again.
  #encode(frame) {
    const text = JSON.stringify(frame);
    const limit = this.#link.welcome.limits.frame - 32; // for the id
    if (new TextEncoder().encode(text).length <= limit) return text;
    throw failure("too_large", `A message is at most ${limit} bytes of JSON.`);
  }

  // While not connected nothing is asked: the next welcome asks for all that still matters.
  #request(frame, onAnswer) {
    if (!this.#link.ready) return;
    if (this.#pending.size >= OPERATIONS) return this.#backlog.push([frame, onAnswer]);
    this.#pending.set(++this.#lastId, onAnswer);
    this.#link.send(JSON.stringify({ ...frame, id: this.#lastId }));
  }

  #heard(frame) {
    const subscription = this.#subscriptions.get(frame.topic);
    if (frame.op === "event") this.#deliver(subscription, [frame]);
    else if (frame.op === "events") this.#deliver(subscription, frame.events);
    else if (frame.op === "gap") this.#skip(subscription, frame);
    else if (frame.op === "error" && !frame.id && subscription?.live) this.#refused(subscription, frame);
    else this.#answered(frame);
  }

  #answered(frame) {
    const onAnswer = this.#pending.get(frame.id);
    if (!this.#pending.delete(frame.id)) return;
    if (this.#backlog.length) this.#request(...this.#backlog.shift());
    onAnswer(frame);
  }

  // Of a connection that was lost meanwhile, nothing is asked again.
  #again({ retry_ms = AGAIN_MS * (1 + Math.random()) }, action) {
    const pending = this.#pending;
    setTimeout(() => pending === this.#pending && action(), retry_ms);
  }

  #follow(subscription) {
    const { topic, position } = subscription;
    this.#request({ op: "subscribe", topic, since: position }, (answer) => {
      if (!this.#follows(subscription)) return;
      if (answer.temporary)
        return this.#again(answer, () => this.#follows(subscription) && this.#follow(subscription));
      if (answer.op === "error") return this.#refused(subscription, answer);
      subscription.live = true;
      const { epoch, seq, mid, recovered } = answer;
      if (recovered) subscription.position = { epoch, seq, mid };
      else this.#skip(subscription, answer);
      if (subscription.onLive) guarded(subscription.onLive, () => this.#follows(subscription));
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
    if (subscription.healed === last) return this.#link.lost({ code: 1006, reason: "hole" });
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
}
