import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { load } from "./page.js";

const { Sending, newId } = await load("sending.js");
const { Timeline } = await load("timeline.js");

const ME = { id: "g1", name: "You" };
const refusal = (code, message) => Object.assign(new Error(message), { code });

let timeline;
let published;
let answer;
let alerts;
let sending;
beforeEach(() => {
  timeline = new Timeline(ME);
  published = [];
  alerts = [];
  answer = async () => ({ seq: 1, duplicate: false });
  const publish = (type, data) => {
    published.push([type, data]);
    return answer();
  };
  sending = new Sending(publish, timeline, () => {}, (sentence) => alerts.push(sentence));
});

const pick = (message, keys) => Object.fromEntries(keys.map((key) => [key, message[key]]));
const sent = (id) => timeline.apply({ type: "message", by: ME, data: { ...timeline.get(id), number: 1 } });

test("a message is shown at once and is sent when the server has it", async () => {
  const done = sending.write("m1", "Hi", 7);
  assert.deepEqual([timeline.get("m1").state, timeline.get("m1").text], ["sending", "Hi"]);
  await done;
  assert.equal(timeline.get("m1").state, "sent");
  assert.deepEqual(published, [["message", { id: "m1", text: "Hi" }]]);
});

test("a message that is refused says why and goes again under its own id", async () => {
  answer = async () => { throw refusal("too_large", "A message is at most 4,000 characters long."); };
  await sending.write("m1", "Hi", 7);
  const { state, problem } = timeline.get("m1");
  assert.deepEqual([state, problem], ["failed", "Not sent: A message is at most 4,000 characters long."]);
  answer = async () => ({ seq: 1 });
  await sending.again("m1");
  assert.equal(timeline.get("m1").state, "sent");
  assert.equal(timeline.get("m1").problem, undefined);
  assert.deepEqual(published[0], published[1]);
});

test("a change that is refused is taken back", async () => {
  await sending.write("m1", "Hi", 7);
  sent("m1");
  answer = async () => { throw refusal("gone", "This message does not exist any more."); };
  await sending.edit("m1", "Ho");
  assert.deepEqual([timeline.get("m1").text, timeline.get("m1").edited], ["Hi", false]);
  assert.match(alerts[0], /^Your change was not kept: This message does not exist any more\.$/);
});

test("a change that can not be taken now is kept, and goes again or is given up", async () => {
  await sending.write("m1", "Hi", 7);
  sent("m1");
  const late = { state: "failed", text: "Ho", problem: "Your change was not kept: too much at once. Try again in 9 s." };
  answer = async () => { throw refusal("too_many", "too much at once. Try again in 9 s."); };
  await sending.edit("m1", "Ho");
  assert.deepEqual(late, { ...late, ...pick(timeline.get("m1"), Object.keys(late)) });
  await sending.again("m1");
  sending.discard("m1");
  assert.deepEqual(pick(timeline.get("m1"), ["text", "edited", "state"]), { text: "Hi", edited: false, state: "sent" });
  await sending.edit("m1", "Ho");
  answer = async () => ({ seq: 2 });
  await sending.again("m1");
  assert.equal(timeline.get("m1").state, "sent");
  assert.deepEqual(published.at(-1), ["message.edited", { id: "m1", text: "Ho" }]);
  assert.deepEqual(alerts, []);
});

test("a change to the same text is none", () => {
  sending.write("m1", "Hi", 7);
  sending.edit("m1", "Hi");
  assert.equal(published.length, 1);
});

test("a deletion that is refused leaves the message as it was", async () => {
  await sending.write("m1", "Hi", 7);
  answer = async () => { throw refusal("denied", "No."); };
  await sending.delete("m1");
  assert.deepEqual([timeline.get("m1").state, timeline.get("m1").text], ["sent", "Hi"]);
  assert.match(alerts[0], /^Your message was not deleted: you may not write here/);
});

test("a message that was discarded meanwhile does not come back", async () => {
  answer = async () => { throw refusal("closed", "The connection is closed."); };
  const done = sending.write("m1", "Hi", 7);
  timeline.discard("m1");
  await done;
  assert.equal(timeline.get("m1"), undefined);
});

test("what waits since before a reload is shown as on its way", async () => {
  timeline.reset({ messages: [{ id: "m1", number: 1, text: "Hi", sent: 1, edited: false, deleted: false, by: ME }], more: false });
  let settle;
  const sent = new Promise((resolve) => (settle = resolve));
  const done = [
    sending.resume({ type: "message", data: { id: "m2", text: "Ho" }, at: 5, sent }),
    sending.resume({ type: "message.edited", data: { id: "m1", text: "Better" }, at: 6, sent }),
  ];
  const shown = () => timeline.all.map(({ text, state }) => [text, state]);
  assert.deepEqual(shown(), [["Better", "sending"], ["Ho", "sending"]]);
  settle({ seq: 2 });
  await Promise.all(done);
  assert.deepEqual(shown(), [["Better", "sent"], ["Ho", "sent"]]);
  assert.deepEqual(published, []);
});

test("what waits and is in history already stays one message", async () => {
  await sending.write("m1", "Hi", 7);
  sent("m1");
  await sending.resume({ type: "message", data: { id: "m1", text: "Hi" }, at: 7, sent: Promise.resolve() });
  assert.equal(timeline.all.length, 1);
});

test("an id is a UUID of version 4", () => {
  assert.match(newId(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(newId(), newId());
});
