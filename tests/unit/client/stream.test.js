import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { browser, connect, modules } from "./browser.js";

const { eventStream } = await modules("sse.js");

let world;
let requests;
let connection;
let seen;
let gaps;
let errors;

const turn = () => new Promise((resolve) => setImmediate(resolve));
async function settle() {
  for (let count = 0; count < 12; count++) await turn();
}

/** A request that the page made: the server answers it, says events and ends it. */
class Request {
  constructor(url, { headers, signal }) {
    this.topics = new URL(url).searchParams.getAll("topic");
    this.at = headers["Last-Event-ID"];
    this.signal = signal;
    this.answer = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    signal.addEventListener("abort", () => this.reject(signal.reason));
    this.answer.catch(() => {});
  }

  accepts() {
    const body = new ReadableStream({ start: (controller) => (this.controller = controller) });
    this.signal.addEventListener("abort", () => this.controller.error(this.signal.reason));
    this.resolve(new Response(body));
    return this;
  }

  refuses(status, error) {
    this.resolve(new Response(JSON.stringify({ error }), { status }));
  }

  says(...lines) {
    this.controller.enqueue(new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
    return this;
  }

  tells(name, data) {
    return this.says(...(name ? [`event: ${name}`] : []), `data: ${JSON.stringify(data)}`, "");
  }

  welcomes(visitor = "g1") {
    const limits = { frame: 65_536, topics: 128 };
    return this.accepts().tells("welcome", { v: 1, sid: "s1", visitor, ping_s: 15, limits });
  }
}

const position = (seq, mid = `m${seq}`) => ({ topic: "t", epoch: "e1", seq, mid });
const event = (seq) => ({ topic: "t", seq, mid: `m${seq}`, type: "note", ts: 1, data: {} });
const request = () => requests.at(-1);

beforeEach(() => {
  world = browser();
  [requests, seen, gaps, errors] = [[], [], [], []];
  globalThis.fetch = (...given) => {
    requests.push(new Request(...given));
    return request().answer;
  };
});
afterEach(() => connection.close());

/** Websockets fail until the event stream is tried. */
async function blocked(since = { epoch: "e1", seq: 2, mid: "m2" }) {
  connection = connect("/ws/", { fallback: eventStream("/events/") });
  const follower = { onEvent: ({ seq }) => seen.push(seq), onGap: (gap) => gaps.push(gap.seq), onError: ({ code }) => errors.push(code) };
  connection.subscribe("t", { since, ...follower });
  for (const delay of [500, 0]) {
    world.socket().ends();
    world.clock.advance(delay);
  }
  request().welcomes();
  await settle();
  world.clock.advance(20);
  return follower;
}

async function following() {
  const follower = await blocked();
  request().welcomes().tells("subscribed", position(2)).tells("", event(3));
  await settle();
  return follower;
}

test("after two websockets that brought nothing the page follows by an event stream", async () => {
  await following();
  assert.equal(world.sockets.length, 2);
  assert.equal(connection.state, "connected");
  assert.equal(connection.visitor, "g1");
  assert.deepEqual([request().topics, request().at], [["t"], "e1-2-m2"]);
  assert.deepEqual(seen, [3]);
});

test("without a fall-back only websockets are tried", () => {
  connection = connect("/ws/");
  for (let count = 0; count < 4; count++) {
    world.socket().ends();
    world.clock.advance(20_000);
  }
  assert.ok(world.sockets.length > 4);
  assert.deepEqual(requests, []);
});

test("a response that ends is followed by the next, which goes on from there", async () => {
  await following();
  const first = request();
  first.says("retry: 700", "").tells("", event(4)).controller.close();
  await settle();
  assert.equal(request(), first);
  world.clock.advance(700);
  assert.equal(request().at, "e1-4-m4");
  request().welcomes().tells("subscribed", position(4)).tells("", event(5));
  await settle();
  assert.deepEqual(gaps, []);
  assert.deepEqual([seen, connection.state], [[3, 4, 5], "connected"]);
});

test("an event that comes in pieces, between comments, is one event", async () => {
  await following();
  const text = `: still here\n\nid: x\ndata: ${JSON.stringify(event(4))}\n\n`;
  for (const part of [text.slice(0, 30), text.slice(30, 31), text.slice(31)])
    request().controller.enqueue(new TextEncoder().encode(part));
  await settle();
  assert.deepEqual(seen, [3, 4]);
});

test("a gap at the start and a gap later are told to the page", async () => {
  await blocked();
  request().welcomes().tells("gap", { ...position(7), reason: "trimmed" }).tells("", event(8));
  await settle();
  request().tells("gap", { ...position(20), reason: "trimmed" }).tells("", event(21));
  await settle();
  assert.deepEqual([gaps, seen], [[7, 20], [8, 21]]);
});

test("topics that are followed and left change the request", async () => {
  const follower = await following();
  const other = connection.subscribe("other", { ...follower, since: undefined });
  world.clock.advance(20);
  assert.deepEqual([request().topics, request().at], [["t", "other"], "e1-3-m3,"]);
  other.close();
  world.clock.advance(20);
  assert.deepEqual(request().topics, ["t"]);
});

test("a topic that is refused is told and left out, also one whose right has ended", async () => {
  const follower = await following();
  connection.subscribe("other", follower);
  world.clock.advance(20);
  request().refuses(403, { code: "denied", message: "No.", topic: "other" });
  await settle();
  world.clock.advance(0);
  assert.deepEqual([errors, request().topics], [["denied"], ["t"]]);
  request().refuses(403, { code: "denied", message: "No.", topic: "t" });
  await settle();
  assert.deepEqual(errors, ["denied", "denied"]);
});

test("what is published is refused in words, and a whisper is dropped", async () => {
  await following();
  connection.whisper("t", "typing");
  await assert.rejects(connection.publish("t", "message", {}), { code: "receive_only" });
});

test("wrong credentials end the connection, a server that restarts does not", async () => {
  await following();
  request().tells("bye", { code: 4000, reason: "", retry_ms: 100 });
  await settle();
  assert.equal(connection.state, "reconnecting");
  world.clock.advance(100);
  assert.equal(world.sockets.length, 3, "a websocket is tried first");
  world.socket().ends();
  world.clock.advance(0);
  request().refuses(401, { code: "credentials", message: "Sign in." });
  await settle();
  assert.equal(connection.state, "closed");
});

test("what still comes before a hole is healed moves no position", async () => {
  await following();
  request().tells("", event(5));
  await settle();
  request().tells("", event(6));
  await settle();
  world.clock.advance(20);
  assert.equal(request().at, "e1-3-m3");
  request().welcomes().tells("subscribed", position(3)).tells("", event(4)).tells("", event(5));
  await settle();
  assert.deepEqual(seen, [3, 4, 5]);
});

test("who signs in between two responses is greeted anew", async () => {
  await following();
  request().says("retry: 700", "").controller.close();
  await settle();
  world.clock.advance(700);
  request().welcomes("u7");
  await settle();
  assert.equal(connection.state, "reconnecting");
  world.clock.advance(500);
  world.socket().welcomes({ visitor: "u7" });
  assert.equal(connection.visitor, "u7");
});

test("close ends the response, the probe and every timer", async () => {
  await following();
  const response = request();
  for (let minute = 0; minute < 3; minute++) {
    response.says(":", "");
    await settle();
    world.clock.advance(20_000);
  }
  const probe = world.socket();
  connection.close();
  assert.deepEqual([response.signal.aborted, probe.closed, world.clock.waiting], [true, true, 0]);
});

test("once a websocket gets through it has the connection back", async () => {
  await following();
  request().tells("", event(4));
  await settle();
  world.clock.advance(20_000);
  request().says(":", "");
  await settle();
  world.clock.advance(20_000);
  request().says(":", "");
  await settle();
  world.clock.advance(20_000);
  assert.equal(world.sockets.length, 3, "a probe");
  world.socket().welcomes();
  world.clock.advance(500);
  assert.equal(world.sockets.length, 4);
  world.socket().welcomes();
  assert.deepEqual(world.socket().asked("subscribe")[0].since, { epoch: "e1", seq: 4, mid: "m4" });
  assert.equal(connection.state, "connected");
  assert.equal(request().signal.aborted, true);
});

test("an address that serves no streams is left for the next websocket", async () => {
  connection = connect("/ws/", { fallback: eventStream() });
  for (const delay of [500, 0]) {
    world.socket().ends();
    world.clock.advance(delay);
  }
  request().resolve(new Response("<h1>Not found</h1>", { status: 404 }));
  await settle();
  world.clock.advance(2000);
  assert.equal(world.sockets.length, 3);
});
