import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { load } from "./page.js";

const { Album } = await load("album.js");
const { canHelp, sentence, summary } = await load("sentences.js");

// The same cases hold for the page without scripts.
const CASES = JSON.parse(readFileSync(new URL("sentences.json", import.meta.url)));
const KNOWN = { fence: 1, attempt: 1, max_attempts: 5, ready: 0, progress: null };

for (const { says, at, state, error = null, work } of CASES)
  test(`after a reload the page says "${says}" of ${state}`, () => {
    const image = { id: "i1", job: "j1", state, error, thumbnails: [] };
    const album = new Album({ images: [image], works: { now: 0, by_job: { j1: { ...KNOWN, state, ...work } } } }, 0);
    assert.equal(sentence(album.get("i1"), at), says);
  });

test("a wait of unknown age names none", () => {
  assert.equal(sentence({ state: "queued" }, 10_000_000), "Waiting for a worker");
});

test("an upload is told in the unit of its size", () => {
  const uploading = (sent, total) => sentence({ state: "uploading", sent, total }, 0);
  assert.equal(uploading(0, 5), "Uploading");
  assert.equal(uploading(12_000, 24_000), "Uploading, 12 of 24 kB");
  assert.equal(uploading(1_240_000, 2_600_000), "Uploading, 1.2 of 2.6 MB");
  assert.equal(uploading(3_000_000, 24_000_000), "Uploading, 3 of 24 MB");
});

test("a batch is one line", () => {
  assert.equal(summary(["succeeded", "queued", "uploading"]), "1 of 3 done");
  assert.equal(summary(["succeeded", "failed", "refused"]), "1 of 3 done, 2 failed");
});

test("trying again is offered where it can help", () => {
  const failed = (code) => canHelp({ state: "failed", error: { code } });
  assert.deepEqual([failed("internal"), failed("unfinished"), failed("failed")], [true, true, false]);
  assert.equal(canHelp({ state: "running", error: null }), false);
  assert.equal(canHelp({ state: "unsent", error: null }), true);
});
