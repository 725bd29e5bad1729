import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { load } from "./page.js";

const { Timeline, follows, opensDay } = await load("timeline.js");

const ME = { id: "g1", name: "You" };
const BOB = { id: "g2", name: "Bob" };
const message = (number, more = {}) => ({
  ...{ id: `m${number}`, number, text: `No. ${number}`, sent: number * 1000 },
  ...{ edited: false, deleted: false, by: BOB },
  ...more,
});

let timeline;
beforeEach(() => {
  timeline = new Timeline(ME);
  timeline.reset({ messages: [message(4), message(5)], more: true });
});

const hear = (type, { by = BOB, ...data }) => timeline.apply({ type, by, data, ts: 0, seq: 1 });
const texts = () => timeline.all.map(({ text }) => text);

test("somebody's message comes after all that the server has", () => {
  timeline.write("mine", "Mine", 0);
  assert.deepEqual(hear("message", message(6)).isNew, true);
  assert.deepEqual(texts(), ["No. 4", "No. 5", "No. 6", "Mine"]);
});

test("one's own message takes the place that the server gives it", () => {
  timeline.write("one", "One", 0);
  timeline.write("two", "Two", 0);
  const { isNew } = hear("message", message(6, { id: "one", text: "One", by: ME }));
  hear("message", message(7));
  assert.equal(isNew, false);
  assert.deepEqual(texts(), ["No. 4", "No. 5", "One", "No. 7", "Two"]);
  assert.deepEqual(timeline.all.map(({ state }) => state), ["sent", "sent", "sent", "sent", "sending"]);
});

test("the same event again changes nothing", () => {
  hear("message", message(6));
  assert.equal(hear("message", message(6)), undefined);
  assert.equal(timeline.all.length, 3);
});

test("a late first text does not undo a change", () => {
  hear("message.edited", message(5, { text: "Better", edited: true }));
  assert.equal(hear("message", message(5)), undefined);
  assert.deepEqual(texts(), ["No. 4", "Better"]);
});

test("a message that was emptied in the log shows up by its change", () => {
  assert.equal(timeline.apply({ type: "message", by: BOB, data: null, ts: 0, seq: 1 }), undefined);
  hear("message", message(7));
  hear("message.edited", message(6, { text: "Better", edited: true }));
  assert.deepEqual(texts(), ["No. 4", "No. 5", "Better", "No. 7"]);
});

test("a change of a message from before this page is left to history", () => {
  assert.equal(hear("message.edited", message(2, { text: "Better" })), undefined);
  assert.equal(hear("message.deleted", message(2, { deleted: true, text: "" })), undefined);
  timeline.extend({ messages: [message(2, { text: "Better" }), message(3)], more: false });
  assert.deepEqual(texts(), ["Better", "No. 3", "No. 4", "No. 5"]);
});

test("a deleted message keeps its place", () => {
  hear("message.deleted", message(4, { text: "", deleted: true }));
  assert.deepEqual(timeline.all.map(({ deleted }) => deleted), [true, false]);
});

test("after a gap the newest page replaces all but what is not sent yet", () => {
  timeline.write("one", "One", 0);
  timeline.write("two", "Two", 0);
  const messages = [message(8), message(9, { id: "one", text: "One", by: ME })];
  timeline.reset({ messages, more: true });
  assert.deepEqual(texts(), ["No. 8", "One", "Two"]);
  assert.deepEqual(timeline.all.map(({ state }) => state), ["sent", "sent", "sending"]);
});

test("an unknown event is no reason to stop", () => {
  assert.equal(hear("message.praised", message(4)), undefined);
});

test("an empty room has no first message and a newest number of none", () => {
  timeline.reset({ messages: [], more: false });
  assert.deepEqual([timeline.last, timeline.first], [0, Infinity]);
});

test("messages of one person and one minute stand together", () => {
  const at = (sent, by = BOB) => ({ sent, by });
  assert.equal(follows(at(60_000), at(119_999)), true);
  assert.equal(follows(at(60_000), at(120_000)), false);
  assert.equal(follows(at(60_000), at(61_000, ME)), false);
  assert.equal(follows(undefined, at(0)), false);
});

test("each day begins anew by the reader's calendar", () => {
  const evening = { sent: new Date(2026, 4, 1, 23, 59, 59).getTime() };
  const night = { sent: new Date(2026, 4, 2).getTime() };
  assert.equal(opensDay(evening, night), true);
  assert.equal(opensDay(night, { sent: night.sent + 1000 }), false);
  assert.equal(opensDay(undefined, night), true);
});
