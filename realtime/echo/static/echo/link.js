// A bare websocket that keeps coming back. The console shows each frame as it is: the public
// client would hide them behind topics.

const RETRY_FIRST_MS = 500;
const RETRY_LAST_MS = 20_000;
const STABLE_MS = 10_000; // a connection that held for so long was a good one

/** States as the public client names them, except "closed": it comes back until the page goes. */
export class Link {
  state = "connecting";
  #url;
  #hear;
  #listeners = [];
  #socket = null;
  #attempts = 0;
  #openedAt = Infinity;
  #timer;

  /** `hear` gets each frame: a string or an ArrayBuffer. */
  constructor(url, hear) {
    this.#url = new URL(url, location.href);
    this.#url.protocol = this.#url.protocol.replace("http", "ws");
    this.#hear = hear;
    addEventListener("online", () => this.#open());
    addEventListener("pageshow", () => this.#open());
    for (const name of ["offline", "pagehide"]) addEventListener(name, () => this.#lost(1006));
    this.#open();
  }

  /** Calls `listener(state, code)` at each change; `code` is the close code that ended it. */
  on(name, listener) {
    this.#listeners.push(listener);
  }

  /** Whether it could be sent. */
  send(frame) {
    if (this.state !== "connected") return false;
    this.#socket.send(frame);
    return true;
  }

  #open() {
    clearTimeout(this.#timer);
    if (this.#socket) return;
    const socket = (this.#socket = new WebSocket(this.#url));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#openedAt = Date.now();
      this.#become("connected");
    };
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = ({ code }) => this.#lost(code);
  }

  #lost(code) {
    const socket = this.#socket;
    this.#socket = null;
    // A dead network's own close event would come a minute late.
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    socket?.close();
    if (Date.now() - this.#openedAt >= STABLE_MS) this.#attempts = 0;
    this.#openedAt = Infinity;
    const bound = Math.min(RETRY_FIRST_MS * 2 ** this.#attempts++, RETRY_LAST_MS);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), Math.random() * bound);
    this.#become(navigator.onLine ? "reconnecting" : "offline", code);
  }

  #become(state, code) {
    if (state === this.state) return;
    this.state = state;
    this.#listeners.forEach((listener) => listener(state, code));
  }
}
