import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { browser, connect, event } from "./browser.js";

let world;

beforeEach(() => {
  world = browser();
});

function connected() {
  const connection = connect();
  world.socket().welcomes();
  return connection;
}

function confirm(frame, more = {}) {
  world.socket().says({ op: "ok", id: frame.id, topic: frame.topic, ...more });
}

function reconnect(more) {
  world.socket().ends();
  world.clock.advance(20_000);
  world.socket().welcomes(more);
}

const published = () => world.socket().asked("publish");
const texts = () => published().map(({ data }) => data.text);

test("publish settles when the server has the event", async () => {
  const connection = connected();
  const promise = connection.publish("t", "message", { text: "hi" });
  const [frame] = published();
  assert.match(frame.mid, /^[A-Za-z0-9:._-]{16,64}$/);
  assert.deepEqual(frame, {
    op: "publish", id: frame.id, topic: "t", mid: frame.mid, type: "message", data: { text: "hi" },
  });
  confirm(frame, { seq: 5 });
  assert.deepEqual(await promise, { seq: 5, duplicate: false });
});

test("every message has a mid of its own", () => {
  const connection = connected();
  for (const topic of ["a", "b", "c"]) connection.publish(topic, "message");
  assert.equal(new Set(published().map(({ mid }) => mid)).size, 3);
});

test("one message of a topic is under way, the next waits for its answer", async () => {
  const connection = connected();
  const promises = ["one", "two"].map((text) => connection.publish("t", "message", { text }));
  connection.publish("u", "message", { text: "elsewhere" });
  assert.deepEqual(texts(), ["one", "elsewhere"]);
  confirm(published()[0], { seq: 1 });
  assert.deepEqual(texts(), ["one", "elsewhere", "two"]);
  confirm(published()[2], { seq: 2 });
  assert.deepEqual((await Promise.all(promises)).map(({ seq }) => seq), [1, 2]);
});

test("a message whose answer was lost is sent again under the same mid", async () => {
  const connection = connected();
  const promise = connection.publish("t", "message", { text: "hi" });
  const [{ mid }] = published();
  reconnect();
  assert.equal(published().length, 1);
  assert.equal(published()[0].mid, mid);
  confirm(published()[0], { seq: 5, duplicate: true });
  assert.deepEqual(await promise, { seq: 5, duplicate: true });
});

test("what is published while away is sent in order after the welcome", () => {
  const connection = connect();
  for (const text of ["one", "two", "three"]) connection.publish("t", "message", { text });
  world.socket().welcomes();
  for (let index = 0; index < 3; index++) confirm(published()[index], { seq: index + 1 });
  assert.deepEqual(texts(), ["one", "two", "three"]);
});

test("a message is what it was when it was published", () => {
  const connection = connect();
  const data = { text: "before" };
  connection.publish("t", "message", data);
  data.text = "after";
  world.socket().welcomes();
  assert.deepEqual(texts(), ["before"]);
});

test("a message published while the page hears of the connection is sent once", () => {
  const connection = connect();
  connection.on("state", () => connection.publish("t", "message", { text: "hi" }));
  world.socket().welcomes();
  assert.deepEqual(texts(), ["hi"]);
});

test("a refusal rejects with its code and lets the next message go", async () => {
  const connection = connected();
  const refused = connection.publish("t", "job.succeeded", { text: "forged" });
  connection.publish("t", "message", { text: "next" });
  const { id } = published()[0];
  world.socket().says({ op: "error", id, code: "reserved", reason: "the server's own" });
  await assert.rejects(refused, { code: "reserved", message: "the server's own" });
  assert.deepEqual(texts(), ["forged", "next"]);
});

test("a temporary refusal is repeated under the same mid, and nothing overtakes it", () => {
  const connection = connected();
  connection.publish("t", "message", { text: "one" });
  connection.publish("t", "message", { text: "two" });
  const [{ id, mid }] = published();
  world.socket().says({ op: "error", id, code: "unavailable", temporary: true });
  world.clock.advance(499);
  assert.deepEqual(texts(), ["one"]);
  world.clock.advance(501);
  assert.deepEqual(texts(), ["one", "one"]);
  assert.equal(published()[1].mid, mid);
});

test("a waiting repetition is not sent twice after a reconnect", () => {
  const connection = connected();
  connection.publish("t", "message", { text: "one" });
  const [{ id }] = published();
  world.socket().says({ op: "error", id, code: "unavailable", temporary: true, retry_ms: 5_000 });
  world.socket().ends();
  world.clock.advance(500);
  world.socket().welcomes();
  world.clock.advance(10_000);
  assert.deepEqual(texts(), ["one"]);
});

test("a message over the server's frame is refused here, where it harms no connection", async () => {
  const connection = connected();
  const text = "é".repeat(33_000);
  await assert.rejects(connection.publish("t", "message", { text }), { code: "too_large" });
  assert.throws(() => connection.whisper("t", "typing", { text }), { code: "too_large" });
  assert.deepEqual(world.socket().sent, []);
});

test("a value that is not JSON is refused at once", async () => {
  const connection = connected();
  await assert.rejects(connection.publish("t", "message", { size: 1n }), TypeError);
  assert.deepEqual(world.socket().sent, []);
});

test("what one visitor wrote is never sent as another", async () => {
  const connection = connected();
  const promise = connection.publish("t", "message", { text: "as a guest" });
  reconnect({ visitor: "u7" });
  await assert.rejects(promise, { code: "visitor_changed" });
  assert.deepEqual(world.socket().sent, []);
  connection.publish("t", "message", { text: "as Ann" });
  assert.deepEqual(texts(), ["as Ann"]);
});

test("close rejects what is not confirmed and all that comes after", async () => {
  const connection = connected();
  const promise = connection.publish("t", "message", { text: "hi" });
  connection.close();
  await assert.rejects(promise, { code: "closed" });
  await assert.rejects(connection.publish("t", "message"), { code: "closed" });
});

test("a whisper is sent now or not at all", () => {
  const connection = connect();
  connection.whisper("t", "typing", { on: true });
  world.socket().welcomes();
  assert.deepEqual(world.socket().sent, []);
  connection.whisper("t", "typing", { on: true });
  const frame = { op: "whisper", topic: "t", type: "typing", data: { on: true } };
  assert.deepEqual(world.socket().sent, [frame]);
});

test("a refused message or whisper ends no subscription", async () => {
  const connection = connected();
  const seen = [];
  connection.subscribe("t", { onEvent: ({ seq }) => seen.push(seq) });
  world.socket().accepts();
  const promise = connection.publish("t", "message");
  connection.whisper("t", "typing");
  const { id } = published()[0];
  const refusal = { op: "error", code: "denied", reason: "no", temporary: false };
  world.socket().says({ ...refusal, id, topic: "t" }, refusal, event(1));
  await assert.rejects(promise, { code: "denied" });
  assert.deepEqual(seen, [1]);
});
