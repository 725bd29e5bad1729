// Follows topics by Server-Sent Events, in the place of a websocket that a network blocks.

/** @typedef {import("./client.js").Position} Position */
/** @typedef {import("./link.js").Socket} Socket */

const PROBE_MS = 60_000; // how often it is tried whether websockets get through by now
const GATHER_MS = 20; // topics that are asked for within it share a request

/**
 * For `connect(url, { fallback: eventStream("/events/") })`: what websockets fail to bring comes by
 * this address. It only receives; what is published meanwhile is refused with `receive_only`.
 * @param {string | URL} [events] relative to the page
 * @param {string | URL} [websocket] that it goes back to when it gets through
 * @returns {() => Socket}
 */
export const eventStream =
  (events = "/events/", websocket = "/ws/") =>
  () =>
    new EventStream(new URL(events, globalThis.location?.href), websocket);

/**
 * A client of the protocol sees a websocket. Each request asks for all topics from where they are;
 * it ends, by itself or when the topics change, and the next one goes on.
 * @implements {Socket}
 */
class EventStream {
  /** @type {Socket["onmessage"]} */ onmessage = null;
  /** @type {Socket["onclose"]} */ onclose = null;
  #url; #websocket;
  /** @type {Map<string, {id?: number, position?: Position}>} By topic; `id` while unanswered. */
  #topics = new Map();
  /** @type {string | null | undefined} */ #visitor;
  #request = new AbortController();
  #retryMs = 1000; #timer; #closed = false;
  /** @type {WebSocket | undefined} */ #probe; #probeTimer;

  constructor(url, websocket) {
    this.#url = url;
    this.#websocket = new URL(websocket, url);
    this.#websocket.protocol = this.#websocket.protocol.replace("http", "ws");
    this.#again(0);
    this.#probeLater();
  }

  /** @param {string} text */
  send(text) {
    const { op, id, topic, since } = JSON.parse(text);
    if (op === "subscribe") this.#topics.set(topic, { id, position: since });
    else if (op === "unsubscribe") this.#topics.delete(topic);
    if (op === "subscribe" || op === "unsubscribe") this.#again(GATHER_MS);
    if (op === "unsubscribe") this.#say({ op: "ok", id, topic });
    if (op === "publish" || op === "presence")
      this.#say({ op: "error", id, code: "receive_only", reason: "This network only lets events come; nothing can be sent." });
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#probeTimer);
    this.#probe?.close();
    this.#request.abort();
  }

  #say(frame) {
    queueMicrotask(() => this.#closed || this.onmessage?.({ data: JSON.stringify(frame) }));
  }

  #end(code, reason) {
    if (this.#closed) return;
    this.close();
    this.onclose?.({ code, reason });
  }

  #again(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), delay);
  }

  async #ask() {
    this.#request.abort();
    const request = (this.#request = new AbortController());
    try {
      const answer = await this.#fetch(request.signal);
      if (!answer.ok) return await this.#refused(answer);
      await read(answer, (field, value) => request.signal.aborted || this.#hear(field, value));
      if (!request.signal.aborted) this.#again(this.#retryMs);
    } catch {
      if (!request.signal.aborted) this.#end(1006, "The event stream broke off.");
    }
  }

  #fetch(signal) {
    const url = new URL(this.#url);
    for (const topic of this.#topics.keys()) url.searchParams.append("topic", topic);
    const at = [...this.#topics.values()].map(({ position }) =>
      position ? `${position.epoch}-${position.seq}-${position.mid}` : "",
    );
    // In a header: all positions may be longer than an address may be.
    const headers = { Accept: "text/event-stream", "Last-Event-ID": at.join(",") };
    return fetch(url, { headers, signal, cache: "no-store" });
  }

  async #refused(answer) {
    const { code, message, topic } = (await answer.json()).error;
    const known = this.#topics.get(topic);
    if (answer.status === 401) return this.#say({ op: "bye", code: 4501, reason: message });
    if (answer.status !== 403 || !known) return this.#end(1006, message);
    this.#topics.delete(topic);
    this.#say({ op: "error", id: known.id, topic, code, reason: message });
    this.#again(0);
  }

  #hear(name, data) {
    if (name === "comment") this.#say({ op: "ping", n: 0 });
    else if (name === "retry") this.#retryMs = Number(data);
    else this.#take(name, JSON.parse(data));
  }

  #take(name, keys) {
    const topic = this.#topics.get(keys.topic);
    if (name === "welcome") this.#greet(keys);
    else if (name === "bye") this.#say({ op: "bye", ...keys });
    else if (topic && (name === "subscribed" || name === "gap")) this.#begin(topic, name, keys);
    else if (topic && topic.id === undefined && name === "message") {
      if (keys.seq) topic.position = { epoch: topic.position?.epoch ?? "", seq: keys.seq, mid: keys.mid };
      this.#say({ op: "event", ...keys });
    }
  }

  #greet(welcome) {
    if (this.#visitor === undefined) this.#say({ op: "welcome", ...welcome });
    else if (this.#visitor !== welcome.visitor) this.#end(1006, "The visitor is another one now.");
    this.#visitor = welcome.visitor;
  }

  #begin(topic, name, { epoch, seq, mid, ...keys }) {
    const { id } = topic;
    topic.id = undefined;
    topic.position = { epoch, seq, mid };
    const recovered = name === "subscribed";
    if (id !== undefined) this.#say({ op: "subscribed", id, epoch, seq, mid, recovered, ...keys });
    else if (!recovered) this.#say({ op: "gap", epoch, seq, mid, ...keys });
  }

  // Once a websocket brings something, it may have the connection.
  #probeLater() {
    this.#probeTimer = setTimeout(() => {
      this.#probe?.close();
      this.#probe = new WebSocket(this.#websocket);
      this.#probe.onmessage = () => this.#end(1000, "Websockets get through again.");
      this.#probeLater();
    }, PROBE_MS);
  }
}

/** Reads an event stream to its end: `hear(name, data)`, also for comments and retries. */
async function read(answer, hear) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let [text, name, data] = ["", "message", ""];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (text + value).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const [, field, rest] = line.match(/^([^:]*):? ?(.*)$/) ?? [];
      if (field === "event") name = rest;
      else if (field === "data") data += rest;
      else if (field === "retry") hear("retry", rest);
      else if (line.startsWith(":")) hear("comment", rest);
      else if (!line) {
        if (data) hear(name, data);
        [name, data] = ["message", ""];
      }
    }
  }
}
