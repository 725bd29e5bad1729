import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { load } from "./page.js";

const { Album } = await load("album.js");

const JOB = "j1";
const SMALL = { size: 160, width: 160, height: 120, url: "/160" };
const LARGE = { size: 320, width: 320, height: 240, url: "/320" };
const image = (more = {}) => ({
  ...{ id: "i1", name: "cat.jpg", state: "queued", job: JOB, topic: "images.g1", error: null },
  ...{ width: null, height: null, thumbnails: [] },
  ...more,
});

const begin = (images, by_job = {}) => new Album({ images, works: { now: 0, by_job } }, 0);
const work = (state, more = {}) => ({
  [JOB]: { state, fence: 1, attempt: 1, max_attempts: 5, ready: 0, progress: null, ...more },
});

let album;
let seq;
beforeEach(() => {
  album = begin([image()]);
  seq = 0;
});

const tell = (type, fence, more = {}) =>
  album.apply({ type, ts: 0, seq: ++seq, data: { job: JOB, fence, ...more } }, 0);
const whisper = (type, fence, more = {}) =>
  album.apply({ type, ts: 0, data: { job: JOB, fence, ...more } }, 0);

test("a job's events lead its image from queued to succeeded", () => {
  const states = [];
  const note = (id) => states.push(album.get(id).state);
  note(whisper("job.started", 1));
  note(tell("job.reply", 1, { reply: SMALL }));
  note(tell("job.reply", 1, { reply: LARGE }));
  note(tell("job.succeeded", 1, { result: { width: 1200, height: 900 } }));
  assert.deepEqual(states, ["running", "running", "running", "succeeded"]);
  assert.deepEqual(album.get("i1").thumbnails, [SMALL, LARGE]);
  assert.equal(album.get("i1").width, 1200);
});

test("what an image looks like is known before its first thumbnail", () => {
  const data = { id: "i1", width: 1200, height: 900, placeholder: "LEHV6nWB2yk8pyo0adR*.7kCMdnj" };
  assert.equal(album.apply({ type: "image.seen", ts: 0, seq: 1, data }, 0), "i1");
  assert.equal(album.get("i1").placeholder, data.placeholder);
  assert.equal(album.get("i1").width, 1200);
  assert.equal(album.apply({ type: "image.seen", ts: 0, seq: 2, data: { ...data, id: "gone" } }, 0), undefined);
});

test("the same events again change nothing", () => {
  album = begin([image({ state: "succeeded", thumbnails: [SMALL, LARGE], width: 4, height: 3 })], work("succeeded"));
  album.apply({ type: "image.created", ts: 0, seq: 1, data: image() }, 0);
  tell("job.reply", 1, { reply: SMALL });
  assert.equal(album.get("i1").state, "succeeded");
  tell("job.succeeded", 1, { result: { width: 4, height: 3 } });
  assert.equal(album.get("i1").state, "succeeded");
  assert.deepEqual(album.get("i1").thumbnails, [SMALL, LARGE]);
});

test("a reply says that the work is under way although its start was not heard", () => {
  tell("job.reply", 1, { reply: SMALL });
  assert.equal(album.get("i1").state, "running");
});

test("late progress does not undo an outcome", () => {
  tell("job.succeeded", 1, { result: null });
  assert.equal(whisper("job.progress", 1, { progress: [1, 2] }), undefined);
  assert.equal(album.get("i1").state, "succeeded");
});

test("late progress does not undo the outcome that the page was rendered with", () => {
  album = begin([image({ state: "failed", error: { code: "failed", message: "No." } })], work("failed"));
  assert.equal(whisper("job.progress", 1, { progress: [1, 2] }), undefined);
  assert.equal(album.get("i1").error.message, "No.");
});

test("progress of an earlier attempt is ignored", () => {
  whisper("job.started", 3);
  assert.equal(whisper("job.progress", 1, { progress: [2, 2] }), undefined);
  assert.equal(album.get("i1").progress, undefined);
});

test("a redriven job is at work again", () => {
  tell("job.failed", 1, { error: { code: "failed", message: "No." } });
  assert.equal(album.get("i1").error.message, "No.");
  whisper("job.started", 3);
  assert.deepEqual([album.get("i1").state, album.get("i1").error], ["running", null]);
});

test("a retry is told by the page's own clock", () => {
  const data = { job: JOB, fence: 2, next_at: 1_000_008_000, attempt: 1, max_attempts: 5 };
  album.apply({ type: "job.retrying", ts: 1_000_000_000, seq: 1, data }, 5_000);
  const { state, retry } = album.get("i1");
  assert.deepEqual([state, retry], ["retrying", { at: 13_000, attempt: 1, of: 5 }]);
});

test("a retry that is heard of late is not later for it", () => {
  const data = { job: JOB, fence: 2, next_at: 9_000, attempt: 1, max_attempts: 5 };
  album.apply({ type: "job.retrying", ts: 1_000, seq: 1, data }, 6_000);
  assert.equal(album.get("i1").retry.at, 9_000);
});

test("an image that is heard of late has waited since it was sent", () => {
  album.apply({ type: "image.created", ts: 1_000, seq: 1, data: image({ id: "i2", job: "j2" }) }, 21_000);
  assert.equal(album.get("i2").queuedAt, 1_000);
});

test("what an older attempt said does not undo what the page was rendered with", () => {
  album = begin([image({ state: "running" })], work("running", { fence: 3, progress: [1, 2] }));
  tell("job.retrying", 1, { next_at: 0, attempt: 1, max_attempts: 5 });
  assert.equal(album.get("i1").state, "running");
  tell("job.reply", 1, { reply: SMALL });
  assert.deepEqual([album.get("i1").thumbnails, album.get("i1").progress], [[SMALL], [1, 2]]);
});

test("a new attempt begins its steps anew", () => {
  whisper("job.progress", 1, { progress: [1, 2] });
  whisper("job.started", 3);
  assert.equal(album.get("i1").progress, undefined);
});

test("work that somebody had done again is queued in every tab", () => {
  tell("job.failed", 2, { error: { code: "internal", message: "No." } });
  const data = { id: "i1", job: JOB, fence: 3 };
  assert.equal(album.apply({ type: "image.again", ts: 50, seq: ++seq, data }, 50), "i1");
  const { state, error, queuedAt } = album.get("i1");
  assert.deepEqual([state, error, queuedAt], ["queued", null, 50]);
  whisper("job.started", 4);
  album.apply({ type: "image.again", ts: 50, seq, data }, 60);
  assert.equal(album.get("i1").state, "running");
});

test("work may go on under another job", () => {
  album.apply({ type: "image.again", ts: 0, seq: ++seq, data: { id: "i1", job: "j9", fence: 0 } }, 0);
  album.apply({ type: "job.started", ts: 0, data: { job: "j9", fence: 1 } }, 0);
  assert.equal(album.get("i1").state, "running");
});

test("an event that was emptied says nothing", () => {
  assert.equal(album.apply({ type: "image.created", ts: 0, seq: ++seq, data: null }, 0), undefined);
  assert.equal(album.apply({ type: "job.reply", ts: 0, seq: ++seq, data: null }, 0), undefined);
});

test("an event of a job may come before its image", () => {
  album = begin([]);
  assert.equal(whisper("job.started", 1), undefined);
  assert.equal(album.apply({ type: "image.created", ts: 0, seq: 1, data: image() }, 0), "i1");
  assert.equal(album.get("i1").state, "running");
});

test("a deleted image is gone, and its job's later events are nobody's", () => {
  assert.equal(album.apply({ type: "image.deleted", ts: 0, seq: 1, data: { id: "i1" } }, 0), "i1");
  assert.equal(album.get("i1"), undefined);
  assert.equal(tell("job.reply", 1, { reply: SMALL }), undefined);
});

test("an unknown event is no reason to stop", () => {
  assert.equal(album.apply({ type: "image.praised", ts: 0, seq: 1, data: {} }, 0), undefined);
  assert.equal(tell("job.sung", 1), undefined);
  assert.equal(album.get("i1").state, "queued");
});

test("after a gap the state is what the server says", () => {
  tell("job.reply", 1, { reply: SMALL });
  const images = [image({ id: "i2", job: "j2", state: "succeeded" }), image({ state: "retrying" })];
  album.reset({ images, works: { now: 0, by_job: work("retrying", { ready: 8_000 }) } }, 0);
  assert.deepEqual(album.all.map(({ id, state }) => [id, state]), [["i1", "retrying"], ["i2", "succeeded"]]);
});
