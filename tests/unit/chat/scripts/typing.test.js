import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./page.js";

const { Typing, FORGET_MS, TELL_MS } = await load("typing.js");

test("others are told at most every few seconds, and at once after a message", () => {
  let told = 0;
  const typing = new Typing(() => {}, () => told++);
  for (const now of [0, 1, TELL_MS - 1]) typing.typed(now);
  assert.equal(told, 1);
  typing.typed(TELL_MS);
  assert.equal(told, 2);
  typing.sent();
  typing.typed(TELL_MS + 1);
  assert.equal(told, 3);
});

test("who types is forgotten a while after the last word of it", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let names = [];
  const typing = new Typing((now) => (names = now), () => {});
  typing.heard({ id: "g2", name: "Bob" });
  typing.heard({ id: "g3", name: "Cy" });
  assert.deepEqual(names, ["Bob", "Cy"]);
  context.mock.timers.tick(FORGET_MS - 1);
  typing.heard({ id: "g3", name: "Cy" });
  context.mock.timers.tick(1);
  assert.deepEqual(names, ["Cy"]);
});

test("who has sent a message types no more", () => {
  let names = [];
  const typing = new Typing((now) => (names = now), () => {});
  typing.heard({ id: "g2", name: "Bob" });
  typing.stopped("g2");
  assert.deepEqual(names, []);
});
