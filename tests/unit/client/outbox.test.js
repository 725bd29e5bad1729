import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { browser, connect, storage } from "./browser.js";

const HOUR_MS = 3_600_000;
const REFUSAL = { op: "error", code: "denied", reason: "not here", temporary: false };

let world;
let tab;

beforeEach(() => {
  tab = storage();
  world = browser({ sessionStorage: tab });
});

/** The page is gone; the tab shows one of `visitor`'s, `later` on. */
function reload(visitor = "g1", later = 0) {
  world = browser({ sessionStorage: tab, now: world.clock.now + later });
  return connect("/ws/", { visitor });
}

/** A page of `visitor`'s that is offline, with one message for each text. */
function typed(texts, visitor = "g1") {
  const connection = connect("/ws/", { visitor });
  for (const text of texts) connection.publish("t", "message", { text }).catch(() => {});
  return connection;
}

const confirm = ({ id, topic }, more) => world.socket().says({ op: "ok", id, topic, ...more });
const published = () => world.socket().asked("publish");
const textsOf = (frames) => frames.map(({ data }) => data.text);
const waiting = (connection, topic = "t") => textsOf(connection.waiting(topic));

/** Welcomes the page and confirms all that it sends. */
function served(visitor = "g1") {
  world.socket().welcomes({ visitor });
  for (let seq = 1; published().length >= seq; seq++) confirm(published()[seq - 1], { seq });
  return textsOf(published());
}

test("what was published offline is sent after a reload, once and in order", () => {
  typed(["one", "two", "three"]);
  reload();
  assert.deepEqual(served(), ["one", "two", "three"]);
  reload();
  assert.deepEqual(served(), []);
});

test("a reload sends one message of a topic at a time", () => {
  typed(["one", "two"]).publish("u", "message", { text: "elsewhere" });
  reload();
  world.socket().welcomes();
  assert.deepEqual(textsOf(published()), ["one", "elsewhere"]);
});

test("a page that was not told its visitor takes up what the welcome's visitor wrote", () => {
  typed(["one"]);
  world = browser({ sessionStorage: tab });
  const connection = connect();
  assert.deepEqual(waiting(connection), []);
  world.socket().welcomes();
  assert.deepEqual(waiting(connection), ["one"]);
  assert.deepEqual(textsOf(published()), ["one"]);
});

test("a message under way when the page reloads is sent again under its mid", () => {
  const connection = connect("/ws/", { visitor: "g1" });
  world.socket().welcomes();
  connection.publish("t", "message", { text: "hi" });
  const [{ mid }] = published();
  reload();
  world.socket().welcomes();
  assert.deepEqual(published().map((frame) => frame.mid), [mid]);
});

test("after a reload the page is told what waits, and how each ends", async () => {
  typed(["one", "two"]);
  const written = world.clock.now;
  const connection = reload("g1", HOUR_MS);
  const [one, two] = connection.waiting("t");
  const { sent, mid, ...rest } = one;
  assert.deepEqual(rest, { topic: "t", type: "message", data: { text: "one" }, at: written });
  world.socket().welcomes();
  assert.equal(published()[0].mid, mid);
  confirm(published()[0], { seq: 7, duplicate: true });
  assert.deepEqual(await sent, { seq: 7, duplicate: true });
  assert.deepEqual(waiting(connection), ["two"]);
  world.socket().says({ ...REFUSAL, id: published()[1].id });
  await assert.rejects(two.sent, { code: "denied", message: "not here" });
  assert.deepEqual(waiting(connection), []);
});

test("what this page publishes waits as well, by topic, and can not be changed", async () => {
  const connection = connect("/ws/", { visitor: "g1" });
  const promise = connection.publish("t", "message", { text: "one" });
  const [own] = connection.waiting("t");
  own.data.text = "changed";
  assert.deepEqual(waiting(connection), ["one"]);
  assert.deepEqual(waiting(connection, "u"), []);
  assert.deepEqual(served(), ["one"]);
  assert.deepEqual(waiting(connection), []);
  assert.deepEqual(await own.sent, await promise);
});

test("what is new after a reload goes after what waited, although the clock was set back", () => {
  typed(["one", "two"]);
  const connection = reload("g1", -HOUR_MS);
  connection.publish("t", "message", { text: "three" });
  reload();
  assert.deepEqual(served(), ["one", "two", "three"]);
});

test("what Ann wrote is not shown to Bob nor sent as him, and waits for her", () => {
  typed(["from Ann"], "u12");
  const bob = reload("u1");
  assert.deepEqual(waiting(bob), []);
  assert.deepEqual(served("u1"), []);
  const ann = reload("u12");
  assert.deepEqual(waiting(ann), ["from Ann"]);
  assert.deepEqual(served("u12"), ["from Ann"]);
});

test("what is written on Ann's page is not sent as Bob, who the first welcome names", async () => {
  const connection = connect("/ws/", { visitor: "u1" });
  const promise = connection.publish("t", "message", { text: "from Ann" });
  assert.deepEqual(served("u2"), []);
  await assert.rejects(promise, { code: "visitor_changed" });
  assert.deepEqual(waiting(connection), []);
  reload("u1");
  assert.deepEqual(served("u1"), ["from Ann"]);
});

test("a server elsewhere is not sent what another one's visitor wrote", () => {
  typed(["here"]);
  world = browser({ sessionStorage: tab });
  connect("wss://other.example/ws/", { visitor: "g1" });
  assert.deepEqual(served(), []);
});

test("what nobody wrote is not kept", () => {
  const connection = connect();
  connection.publish("t", "message", { text: "before it is known who" });
  assert.deepEqual(Object.keys(tab), []);
  world.socket().welcomes({ visitor: null });
  assert.deepEqual(Object.keys(tab), []);
});

test("what was written before it was known who is kept for the welcome's visitor", () => {
  connect().publish("t", "message", { text: "early" });
  world.socket().welcomes();
  reload();
  assert.deepEqual(served(), ["early"]);
});

test("close and a stopping code reject on this page, and the next page sends", async () => {
  for (const end of [(it) => it.close(), () => world.socket().ends(4503)]) {
    const connection = reload();
    const promise = connection.publish("t", "message", { text: "hi" });
    end(connection);
    await assert.rejects(promise, { code: "closed" });
    reload();
    assert.deepEqual(served(), ["hi"]);
  }
});

test("what may have been an unreadable frame does not end the next page too", async () => {
  const connection = connect("/ws/", { visitor: "g1" });
  world.socket().welcomes();
  const promise = connection.publish("t", "message", { text: "poison" });
  world.socket().ends(4500);
  await assert.rejects(promise, { code: "closed" });
  reload();
  assert.deepEqual(served(), []);
});

test("what waited for 12 hours is not sent by itself, and the page is told", async () => {
  typed(["old"]);
  const early = reload("g1", 12 * HOUR_MS - 1);
  early.publish("t", "message", { text: "new" });
  const connection = reload("g1", 1);
  const [{ sent }] = connection.waiting("t");
  assert.deepEqual(served(), ["new"]);
  await assert.rejects(sent, { code: "expired" });
  reload();
  assert.deepEqual(served(), []);
});

test("a page that slept for 12 hours does not send what it has in memory", async () => {
  const connection = connect("/ws/", { visitor: "g1" });
  const promise = connection.publish("t", "message", { text: "old" });
  world.clock.sleep(12 * HOUR_MS);
  assert.deepEqual(served(), []);
  await assert.rejects(promise, { code: "expired" });
});

test("a refusal is kept until a page asks for the topic", async () => {
  typed(["refused"]);
  reload();
  world.socket().welcomes();
  world.socket().says({ ...REFUSAL, id: published()[0].id });
  const [{ sent }] = reload().waiting("t");
  world.socket().welcomes();
  world.socket().says({ ...REFUSAL, id: published()[0].id });
  await assert.rejects(sent, { code: "denied" });
  assert.deepEqual(Object.keys(tab), []);
});

test("the 257th message that would wait is refused, and one more fits after an answer", async () => {
  const connection = typed(Array.from({ length: 256 }, (_, index) => `${index}`));
  await assert.rejects(connection.publish("t", "message", { text: "more" }), { code: "full" });
  world.socket().welcomes();
  confirm(published()[0], { seq: 1 });
  connection.publish("t", "message", { text: "fits" });
  assert.equal(waiting(connection).at(-1), "fits");
});

for (const [name, broken] of [
  ["no storage", () => undefined],
  ["a storage that is full", () => storage(0)],
  ["a storage that refuses everything", () => new Proxy({}, { get() { throw new Error("SecurityError"); } })],
])
  test(`${name} means memory alone, and nothing else changes`, async () => {
    world = browser({ sessionStorage: null });
    globalThis.sessionStorage = broken();
    const connection = connect("/ws/", { visitor: "g1" });
    const promises = ["one", "two"].map((text) => connection.publish("t", "message", { text }));
    assert.deepEqual(waiting(connection), ["one", "two"]);
    assert.deepEqual(served(), ["one", "two"]);
    assert.deepEqual((await Promise.all(promises)).map(({ seq }) => seq), [1, 2]);
    assert.deepEqual(world.reported, []);
  });

test("what fits into a nearly full storage survives, in order", () => {
  tab = storage(2);
  world = browser({ sessionStorage: tab });
  typed(["one", "two", "three"]);
  reload();
  assert.deepEqual(served(), ["one", "two"]);
});

test("other keys and damaged ones harm nothing", () => {
  typed(["one"]);
  const [key] = Object.keys(tab);
  tab.setItem("chat.draft", "{");
  tab.setItem(`${key}-damaged`, "{");
  reload().publish("t", "message", { text: "two" });
  reload();
  assert.deepEqual(served(), ["one", "two"]);
  assert.equal(tab.getItem("chat.draft"), "{");
});

test("a duplicated tab sends the same mids, so that each counts once", () => {
  typed(["one"]);
  const copy = Object.assign(storage(), tab);
  reload();
  world.socket().welcomes();
  const [{ mid }] = published();
  confirm(published()[0], { seq: 1 });
  tab = copy;
  reload();
  world.socket().welcomes();
  assert.deepEqual(published().map((frame) => frame.mid), [mid]);
});

test("a page that comes back sends also what a page after it left waiting", () => {
  const first = connect("/ws/", { visitor: "g1" });
  const back = world.socket();
  back.welcomes();
  back.ends();
  const { clock, sockets } = world;
  connect("/ws/", { visitor: "g1" }).publish("t", "message", { text: "later" });
  assert.deepEqual(waiting(first), []);
  clock.advance(500);
  sockets.at(-1).welcomes();
  assert.deepEqual(waiting(first), ["later"]);
});
