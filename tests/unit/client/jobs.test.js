import assert from "node:assert/strict";
import { test } from "node:test";

import { modules } from "./browser.js";

const { isDone, withEvent } = await modules("jobs.js");

const told = (type, fence, more = {}) => ({
  type: `job.${type}`,
  data: { job: "j1", channel: "thumbnailer", fence, attempt: fence, max_attempts: 4, ...more },
});
const after = (...events) => events.reduce(withEvent, undefined);

test("a job's events lead it from queued to succeeded", () => {
  const events = [
    told("accepted", 0), told("started", 1), told("progress", 1, { progress: [1, 3] }),
    told("reply", 1, { reply: { size: 160 }, key: "160" }), told("succeeded", 1, { result: { sizes: 3 } }),
  ];
  const states = events.map((_, index) => after(...events.slice(0, index + 1)).state);
  assert.deepEqual(states, ["queued", "running", "running", "running", "succeeded"]);
  assert.deepEqual(after(...events), {
    job: "j1", channel: "thumbnailer", fence: 1, attempt: 1, max_attempts: 4,
    state: "succeeded", result: { sizes: 3 },
  });
});

test("a reply keeps the progress of its attempt, and a new attempt begins without it", () => {
  const progress = told("progress", 1, { progress: [2, 3] });
  assert.deepEqual(after(progress, told("reply", 1)).progress, [2, 3]);
  assert.equal(after(progress, told("started", 2)).progress, undefined);
});

for (const late of ["accepted", "started", "progress", "reply", "retrying"])
  test(`${late} of an older attempt, or after the outcome of its own, changes nothing`, () => {
    const job = after(told("succeeded", 3));
    for (const fence of [1, 2]) assert.equal(withEvent(job, told(late, fence)), job);
    assert.equal(withEvent(job, told(late, 3, { progress: [9, 9] })), job);
  });

test("a start that is heard after its attempt has ended changes nothing", () => {
  const job = after(told("retrying", 1, { next_at: 5 }));
  assert.equal(withEvent(job, told("started", 1)), job);
  assert.equal(withEvent(job, told("started", 2)).state, "running");
});

test("progress that was overtaken changes nothing", () => {
  const job = after(told("progress", 1, { progress: [2, 3] }));
  assert.equal(withEvent(job, told("progress", 1, { progress: [1, 3] })), job);
});

test("what a retry, a failure and a result say goes with them", () => {
  const error = { code: "busy", message: "Later." };
  const retrying = after(told("retrying", 1, { next_at: 5, error }));
  assert.deepEqual([retrying.next_at, retrying.error], [5, error]);
  const running = withEvent(retrying, told("started", 2));
  assert.deepEqual([running.next_at, running.error], [undefined, undefined]);
  const failed = withEvent(running, told("failed", 2, { error }));
  assert.deepEqual(failed.error, error);
  assert.deepEqual([isDone(retrying), isDone(running), isDone(failed)], [false, false, true]);
});

test("a job that is redriven begins anew under a higher fence", () => {
  const failed = after(told("failed", 4, { error: { code: "internal", message: "" } }));
  const again = withEvent(failed, told("accepted", 5, { attempt: 0 }));
  assert.deepEqual([again.state, again.attempt, again.error], ["queued", 0, undefined]);
});

test("a snapshot goes on with the events after it, and those before it change nothing", () => {
  const snapshot = { job: "j1", state: "succeeded", fence: 2, attempt: 2, topic: "photo.7", result: 1 };
  assert.equal(withEvent(snapshot, told("retrying", 1)), snapshot);
  assert.equal(withEvent(snapshot, told("reply", 2, { reply: 1 })), snapshot);
  const same = withEvent(snapshot, told("succeeded", 2, { result: 1 }));
  assert.deepEqual([same.state, same.result, same.topic], ["succeeded", 1, "photo.7"]);
});

test("events of other jobs, of other types and of removed data change nothing", () => {
  const job = after(told("started", 1));
  for (const event of [
    told("failed", 9, { job: "j2" }), { type: "image.created", data: { job: "j1" } },
    { type: "job.reply", data: null }, { type: "job.unheard", data: { job: "j1", fence: 9 } },
  ])
    assert.equal(withEvent(job, event), job);
  assert.equal(withEvent(undefined, { type: "message", data: {} }), undefined);
});
