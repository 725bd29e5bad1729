import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { load } from "./page.js";

const { Timeline } = await load("timeline.js");
const { Unsent } = await load("unsent.js");

const ME = { id: "g1", name: "You" };
const SENT = { id: "m1", number: 1, text: "Hi", sent: 1, edited: false, deleted: false, by: ME };

beforeEach(() => {
  const kept = new Map();
  globalThis.sessionStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, text) => kept.set(key, text),
  };
});

function page(key) {
  const timeline = new Timeline(ME);
  timeline.reset({ messages: [SENT], more: false });
  const unsent = new Unsent(key);
  unsent.restore(timeline);
  return { timeline, unsent };
}

test("what failed is there again after a reload, also a change", () => {
  const { timeline, unsent } = page("ann");
  Object.assign(timeline.get("m1"), { text: "Ho", state: "failed", problem: "Not kept" });
  Object.assign(timeline.write("m2", "New", 5), { state: "failed", problem: "Not sent" });
  timeline.write("m3", "On its way", 6);
  unsent.keep(timeline.all);
  const shown = page("ann").timeline.all.map(({ id, text, state, problem, before }) => [id, text, state, problem, before?.text]);
  assert.deepEqual(shown, [["m1", "Ho", "failed", "Not kept", "Hi"], ["m2", "New", "failed", "Not sent", undefined]]);
});

test("what has been sent or discarded since does not come again, nor somebody else's", () => {
  const { timeline, unsent } = page("ann");
  timeline.write("m2", "New", 5).state = "failed";
  unsent.keep(timeline.all);
  assert.equal(page("bob").timeline.all.length, 1);
  timeline.discard("m2");
  unsent.keep(timeline.all);
  assert.equal(page("ann").timeline.all.length, 1);
});

test("a browser that keeps nothing is no fault", () => {
  globalThis.sessionStorage = undefined;
  const { timeline, unsent } = page("ann");
  unsent.keep(timeline.all);
  assert.equal(timeline.all.length, 1);
});
