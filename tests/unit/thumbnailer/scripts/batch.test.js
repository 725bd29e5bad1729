import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { load } from "./page.js";

const { Batch } = await load("batch.js");

const isDone = ({ state }) => ["succeeded", "failed", "cancelled"].includes(state);
const images = (...states) => states.map((state, index) => ({ id: `i${index}`, state }));

let line;
let said;
const begin = () => new Batch(line, (text) => said.push(text));

beforeEach(() => {
  const kept = new Map();
  globalThis.sessionStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
  };
  line = { textContent: "" };
  said = [];
});

test("what was done before is no part of the batch", () => {
  begin().update(images("succeeded", "queued", "queued"), isDone, 0);
  assert.equal(line.textContent, "0 of 2 done");
});

test("a reload half-way goes on counting", () => {
  begin().update(images("queued", "queued", "queued"), isDone, 0);
  begin().update(images("succeeded", "queued", "queued"), isDone, 0);
  assert.equal(line.textContent, "1 of 3 done");
});

test("the line adds up, however each image ends", () => {
  const batch = begin();
  batch.update(images("queued", "queued", "queued"), isDone, 0);
  batch.update(images("succeeded", "failed", "cancelled"), isDone, 0);
  assert.equal(line.textContent, "1 of 3 done, 1 failed, 1 cancelled");
});

test("the next batch counts from nothing", () => {
  const batch = begin();
  batch.update(images("queued"), isDone, 0);
  batch.update(images("succeeded"), isDone, 0);
  assert.equal(line.textContent, "1 of 1 done");
  batch.update(images("succeeded", "queued"), isDone, 0);
  assert.equal(line.textContent, "0 of 1 done");
});

test("what is taken away is no longer counted", () => {
  const batch = begin();
  batch.update(images("queued", "queued"), isDone, 0);
  batch.update(images("queued"), isDone, 0);
  assert.equal(line.textContent, "0 of 1 done");
});

test("to somebody who listens each ten seconds and the end are told", () => {
  const batch = begin();
  const at = (now, ...states) => batch.update(images(...states), isDone, now);
  at(100_000, "queued", "queued", "queued");
  at(101_000, "succeeded", "queued", "queued");
  at(110_000, "succeeded", "succeeded", "queued");
  at(111_000, "succeeded", "succeeded", "failed");
  assert.deepEqual(said, ["0 of 3 done", "2 of 3 done", "2 of 3 done, 1 failed"]);
});
