import assert from "node:assert/strict";
import { test } from "node:test";
import { aboutOf, BadBytes, bytesOf, figuresOf, isSame, shownOf, tookOf } from "../../../../realtime/echo/static/echo/frames.js";

const bytes = (...values) => Uint8Array.from(values).buffer;

test("bytes are written as pairs of digits, however spaced", () => {
  assert.deepEqual(bytesOf("00 fF\n6 8"), Uint8Array.of(0, 255, 104));
  assert.deepEqual(bytesOf(""), new Uint8Array());
});

test("what is no byte is named", () => {
  assert.throws(() => bytesOf("00 fg"), (error) => error instanceof BadBytes && error.message.includes("“g”"));
  assert.throws(() => bytesOf("00 f"), (error) => error instanceof BadBytes && error.message.includes("last byte"));
});

test("a frame's size is what goes over the wire", () => {
  assert.equal(aboutOf("é"), "text, 2 bytes");
  assert.equal(aboutOf(bytes(7)), "binary, 1 byte");
});

test("a long frame is shown in part, a short one whole", () => {
  assert.equal(shownOf(bytes(0, 255)), "00 ff");
  assert.equal(shownOf(new ArrayBuffer(513)).endsWith("00 …"), true);
  assert.equal(shownOf("a".repeat(2001)).length, 2002);
});

test("text never counts as the same as its bytes", () => {
  assert.equal(isSame("h", bytes(104)), false);
  assert.equal(isSame(Uint8Array.of(1, 2), bytes(1, 2)), true);
  assert.equal(isSame(bytes(1, 2), bytes(1, 3)), false);
});

test("the figures count what came back and what was lost", () => {
  assert.equal(figuresOf(0, 0, []), "Nothing sent yet.");
  assert.equal(figuresOf(3, 1, []), "3 sent, 0 came back, 1 lost with the connection.");
  assert.equal(figuresOf(3, 0, [9.94, 1, 120.4]), "3 sent, 3 came back. Round trip: last 120 ms, median 9.9 ms, longest 120 ms.");
  assert.equal(tookOf(0.04), "0.0 ms");
});
