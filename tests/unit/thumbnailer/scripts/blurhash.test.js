import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./page.js";

const { pixels } = await load("blurhash.js");

test("a hash is the picture that it was made of", () => {
  // Red, green / blue, white, as the worker's own library made it.
  const made = pixels("L[J@^CU#aLt*VU]-soNZi^s.j[WV", 32, 24);
  const at = (x, y) => [...made.slice(4 * (x + 32 * y), 4 * (x + 32 * y) + 3)];
  const strongest = (colour) => colour.indexOf(Math.max(...colour));
  assert.equal(made.length, 4 * 32 * 24);
  assert.deepEqual([at(6, 5), at(26, 5), at(6, 19)].map(strongest), [0, 1, 2]);
  assert.ok(at(26, 19).every((value) => value > 170));
  assert.equal(made[3], 255);
});
