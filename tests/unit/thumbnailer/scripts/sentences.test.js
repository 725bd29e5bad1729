import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./page.js";

const { sentence, summary, uploading } = await load("sentences.js");

test("a wait is told in seconds once it is long enough to ask for", () => {
  const waiting = { state: "queued", queuedAt: 1_000 };
  assert.equal(sentence(waiting, 10_000), "Waiting for a worker");
  assert.equal(sentence(waiting, 13_500), "Waiting for a worker for 12 s");
  assert.equal(sentence(waiting, 301_000), "Waiting for a worker for 5 min");
});

test("a wait of unknown age names none", () => {
  assert.equal(sentence({ state: "queued" }, 10_000), "Waiting for a worker");
});

test("work says how far it is", () => {
  assert.equal(sentence({ state: "running" }, 0), "Making thumbnails");
  assert.equal(sentence({ state: "running", progress: [1, 2] }, 0), "Making thumbnails, 1 of 2");
});

test("a retry says when, and which attempt it will be", () => {
  const image = { state: "retrying", retry: { at: 8_000, attempt: 1, of: 5 } };
  assert.equal(sentence(image, 0), "Trying again in 8 s, attempt 2 of 5");
  assert.equal(sentence(image, 9_000), "Trying again now, attempt 2 of 5");
  assert.equal(sentence({ state: "retrying" }, 0), "Trying again soon");
});

test("a failure says why", () => {
  assert.equal(sentence({ state: "failed", error: { message: "Too large." } }, 0), "Too large.");
});

test("a batch is one line", () => {
  assert.equal(summary(["succeeded", "queued", "uploading"]), "1 of 3 done");
  assert.equal(summary(["succeeded", "failed"]), "1 of 2 done, 1 failed");
});

test("an upload is told in the unit of its size", () => {
  assert.equal(uploading(0, 5), "Uploading");
  assert.equal(uploading(12_000, 24_000), "Uploading, 12 of 24 kB");
  assert.equal(uploading(1_240_000, 2_600_000), "Uploading, 1.2 of 2.6 MB");
  assert.equal(uploading(3_000_000, 24_000_000), "Uploading, 3 of 24 MB");
});
