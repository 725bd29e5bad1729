// One connection to the server, opened again whenever it is lost.

/** @typedef {"connecting" | "connected" | "reconnecting" | "offline" | "closed"} State */
/** @typedef {{code: number, reason: string, retry_ms?: number}} Why What ended a connection. */
/** @typedef {Record<string, any> & {op: string}} Frame */
/** @typedef {{onmessage: ((message: {data: string}) => void) | null, onclose: ((why: Why) => void) | null, send: (text: string) => void, close: () => void}} Socket What a websocket does, or something in its place. */
/** @typedef {{begun: () => void, heard: (frame: Frame) => void, lost: () => void, ended: (why: Why) => void}} Owner */

const RETRY_FIRST_MS = 500; // a lost connection is tried again within so long, then the double …
const RETRY_LAST_MS = 20_000; // … and so long at most,
const STABLE_MS = 10_000; // counted anew once a connection has held for so long
const GRACE_MS = 10_000; // silence beyond the server's ping interval that counts as lost
const BLOCKED = 2; // websockets without a welcome, before the fall-back is tried in turn

export class Link {
  welcome = { visitor: undefined, ping_s: 15, limits: { frame: 65_536, topics: 128 } };
  #url; #fallback; #owner;
  /** @type {State} */ #state = "connecting";
  #listeners = new Set();
  /** @type {Socket | null} */ #socket = null;
  #heardAt = 0; #connectedAt = Infinity;
  #attempts = 0; #unopened = 0; #retryTimer; #silenceTimer;
  #page = new AbortController();

  /** @param {URL} url @param {(() => Socket) | undefined} fallback @param {Owner} owner */
  constructor(url, fallback, owner) {
    [this.#url, this.#fallback, this.#owner] = [url, fallback, owner];
    const listen = (type, action, /** @type {EventTarget} */ target = globalThis) =>
      target?.addEventListener?.(type, action, { signal: this.#page.signal });
    for (const type of ["online", "pageshow"]) listen(type, () => this.#wake());
    listen("visibilitychange", () => document.hidden || this.#wake(), globalThis.document);
    for (const reason of ["offline", "pagehide"]) // the back button keeps no page with a socket
      listen(reason, () => this.lost({ code: 1006, reason }));
    this.#open();
  }

  get state() { return this.#state; }
  get ready() { return this.#connectedAt < Infinity; }

  /** Hears each change of `state`; returns how to stop. */
  on(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Only while `ready`. @param {string} text */
  send(text) { this.#socket?.send(text); }

  /** Ends it, to be opened again unless the code says never. @param {Why} why */
  lost(why) {
    if (Date.now() - this.#connectedAt >= STABLE_MS) this.#attempts = 0;
    this.#drop();
    if (why.code >= 4500 && why.code < 4600) return this.end(why);
    const bound = this.#standsIn ? 0 : Math.min(RETRY_FIRST_MS * 2 ** this.#attempts++, RETRY_LAST_MS);
    this.#retryTimer = setTimeout(() => this.#open(), why.retry_ms ?? Math.random() * bound);
    this.#become(stateWithout(), why);
  }

  /** Ends it for good. @param {Why} why */
  end(why) {
    this.#drop();
    this.#page.abort();
    this.#owner.ended(why);
    this.#become("closed", why);
  }

  // A network that lets no websocket through may one day: one is tried before each fall-back.
  get #standsIn() { return this.#unopened >= BLOCKED && this.#unopened % 2 === 0 && this.#fallback; }

  #open() {
    clearTimeout(this.#retryTimer);
    const other = this.#standsIn;
    this.#socket = /** @type {Socket} */ (other ? other() : new WebSocket(this.#url));
    this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data), !other);
    this.#socket.onclose = ({ code, reason }) => this.#failed({ code, reason });
    this.#heardAt = Date.now();
    this.#watch();
  }

  // Timers stand still while a machine sleeps: the clock tells how old the silence is.
  #watch() {
    clearTimeout(this.#silenceTimer);
    const quiet = this.ready ? this.welcome.ping_s * 1000 : 0;
    const left = this.#heardAt + quiet + GRACE_MS - Date.now();
    if (left <= 0) this.#failed({ code: 1006, reason: "silence" });
    else this.#silenceTimer = setTimeout(() => this.#watch(), left);
  }

  #failed(why) {
    if (!this.ready) this.#unopened++;
    this.lost(why);
  }

  #wake() {
    if (this.#socket) this.#watch();
    if (!this.#socket) this.#open();
    if (this.#state === "offline") this.#become(stateWithout());
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
    this.#owner.lost();
  }

  #receive(frame, isWebSocket) {
    this.#heardAt = Date.now();
    if (frame.op === "welcome") this.#begin(frame, isWebSocket);
    else if (frame.op === "ping") this.send(JSON.stringify({ op: "pong", n: frame.n }));
    else if (frame.op === "bye") this.lost(frame);
    else this.#owner.heard(frame);
  }

  #begin(welcome, isWebSocket) {
    if (welcome.v !== 1)
      return this.lost({ code: 4503, reason: "The server is newer than this page: reload it." });
    this.welcome = welcome;
    this.#connectedAt = Date.now();
    this.#unopened = isWebSocket ? 0 : BLOCKED - 1;
    this.#watch();
    this.#owner.begun();
    this.#become("connected");
  }

  #become(state, /** @type {Why | undefined} */ why = undefined) {
    if (state === this.#state) return;
    this.#state = state;
    this.#listeners.forEach((listener) => guarded(listener, state, why));
  }
}

const stateWithout = () => (globalThis.navigator?.onLine === false ? "offline" : "reconnecting");
/** A page's own function: its error is the page's, and no reason to stop or to repeat. */
export const guarded = (action, ...values) => {
  try { action(...values); } catch (error) { reportError(error); }
};
