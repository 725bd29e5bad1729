import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { browser, connect } from "./browser.js";

let world;

beforeEach(() => {
  world = browser();
});

const names = Array.from({ length: 100 }, (_, index) => `t${index}`);

function following() {
  const connection = connect();
  for (const name of names) connection.subscribe(name, { onEvent: () => {} });
  world.socket().welcomes();
  return connection;
}

function answer({ id, topic }) {
  world.socket().says({ op: "subscribed", id, topic, epoch: "", seq: 0, recovered: true });
}

const asked = () => world.socket().asked("subscribe").map(({ topic }) => topic);

test("at most 32 operations are unanswered, the rest follow in order", () => {
  following();
  const { sent } = world.socket();
  assert.equal(sent.length, 32);
  for (let index = 0; index < 100; index++) {
    answer(sent[index]);
    assert.equal(sent.length, Math.min(100, 33 + index));
  }
  assert.deepEqual(asked(), names);
});

test("operations that a lost connection did not answer are asked anew, each once", () => {
  following();
  world.socket().ends();
  world.clock.advance(500);
  world.socket().welcomes();
  const { sent } = world.socket();
  assert.equal(sent.length, 32);
  for (let index = 0; index < 100; index++) answer(sent[index]);
  assert.deepEqual(asked(), names);
});

test("an answer to nothing that was asked changes nothing", () => {
  following();
  answer({ id: 999, topic: "t0" });
  assert.equal(world.socket().sent.length, 32);
});

test("the largest message that is accepted fits the server's frame with its id", () => {
  const connection = connect();
  world.socket().welcomes({ limits: { frame: 1000, topics: 128 } });
  let size = 1000;
  const accepted = () => {
    connection.publish(`t${size}`, "message", { text: "x".repeat(size) }).catch(() => {});
    return world.socket().sent.length;
  };
  while (!accepted()) size -= 1;
  const frame = { ...world.socket().sent[0], id: Number.MAX_SAFE_INTEGER };
  const bytes = JSON.stringify(frame).length;
  assert.ok(bytes <= 1000 && bytes > 950, `${bytes}`);
});
