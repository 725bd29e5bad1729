import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./page.js";

const { dayOf, hereOf, pillOf, typingOf } = await load("words.js");

test("days are named as people name them", () => {
  const noon = (day) => new Date(2026, 2, day, 12).getTime();
  const now = noon(15);
  assert.equal(dayOf(noon(15), now), "Today");
  assert.equal(dayOf(noon(14), now), "Yesterday");
  assert.match(dayOf(noon(1), now), /March/);
  assert.doesNotMatch(dayOf(noon(1), now), /2026/);
  assert.match(dayOf(new Date(2024, 0, 1, 12).getTime(), now), /2024/);
});

test("the pill counts", () => {
  assert.deepEqual([0, 1, 3].map(pillOf), ["Newest messages", "1 new message", "3 new messages"]);
});

test("those who are here are counted", () => {
  assert.deepEqual([1, 2].map(hereOf), ["Only you are here", "2 people are here"]);
});

test("names stand apart from the sentence around them", () => {
  assert.deepEqual(typingOf([]), []);
  assert.deepEqual(typingOf(["Ann"]), [{ name: "Ann" }, " is typing"]);
  assert.deepEqual(typingOf(["Ann", "Bob"]), [{ name: "Ann" }, " and ", { name: "Bob" }, " are typing"]);
  assert.deepEqual(typingOf(["Ann", "Bob", "Cy"]), ["3 people are typing"]);
});
