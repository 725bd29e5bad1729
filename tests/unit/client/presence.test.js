import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { browser, connect, event, modules } from "./browser.js";

const { withPresence } = await modules("presence.js");

const [ann, bob, eve] = ["ann", "bob", "eve"].map((name) => ({ id: name, name }));
let world;
let connection;
let subscription;
let seen;
let present;

beforeEach(() => {
  world = browser();
  [seen, present] = [[], []];
  connection = connect();
  const follower = {
    onEvent: ({ seq }) => seen.push(seq),
    onPresent: (members, n) => present.push([members.map(({ id }) => id).join(), n]),
  };
  subscription = connection.subscribe("t", withPresence(connection, "t", follower));
  world.socket().welcomes();
  world.socket().accepts();
});

const asked = () => world.socket().asked("presence").length;
const answer = (members, n = members.length) => {
  const { id } = world.socket().asked("presence").at(-1);
  world.socket().says({ op: "presence", id, topic: "t", members, n });
};
const tell = (type, members, n) =>
  world.socket().says({ op: "event", topic: "t", type: `presence.${type}`, ts: 1, data: { members, n } });

test("the list is asked for once the topic is followed, and joins and leaves change it", () => {
  assert.equal(asked(), 1);
  answer([ann]);
  tell("join", [bob, eve], 3);
  tell("leave", [ann], 2);
  assert.deepEqual(present, [["ann", 1], ["ann,bob,eve", 3], ["bob,eve", 2]]);
  world.clock.advance(10_000);
  assert.equal(asked(), 1);
});

test("other events reach the page, and none of presence does", () => {
  answer([ann]);
  world.socket().says(event(1));
  tell("join", [bob], 2);
  assert.deepEqual(seen, [1]);
});

test("a count that does not fit is asked about again, once in a while", () => {
  answer([ann]);
  tell("join", [bob], 3);
  tell("join", [bob], 3);
  world.clock.advance(3000);
  assert.equal(asked(), 2);
  answer([ann, eve]);
  assert.deepEqual(present.at(-1), ["ann,eve", 2]);
});

test("of many the server names some, and the count is of all", () => {
  answer([ann], 700);
  tell("leave", [bob], 699);
  world.clock.advance(10_000);
  assert.deepEqual([present.at(-1), asked()], [["ann", 699], 1]);
});

test("after a reconnect, and after a hole was healed, the list is asked for anew", () => {
  answer([ann]);
  world.socket().says(event(5));
  world.socket().accepts();
  assert.equal(asked(), 2);
  world.socket().ends();
  world.clock.advance(500);
  world.socket().welcomes();
  world.socket().accepts();
  assert.equal(asked(), 1);
});

test("the page's own onLive is called too", () => {
  subscription.close();
  let live = 0;
  const follower = { onEvent: () => {}, onPresent: () => {}, onLive: () => (live += 1) };
  connection.subscribe("t", withPresence(connection, "t", follower));
  world.socket().accepts();
  assert.equal(live, 1);
});

test("where it is not granted the page hears nothing of it", () => {
  const { id } = world.socket().asked("presence").at(-1);
  world.socket().says({ op: "error", id, code: "denied", reason: "No.", temporary: false });
  assert.deepEqual([present, world.reported], [[], []]);
});

test("a topic that was left is not asked about, and an answer on its way is nobody's", () => {
  answer([ann]);
  tell("join", [bob], 3);
  subscription.close();
  const others = [];
  const follower = { onEvent: () => {}, onPresent: (members, n) => others.push(n) };
  connection.subscribe("t", withPresence(connection, "t", follower)).close();
  world.clock.advance(3000);
  assert.equal(asked(), 1);
  connection.subscribe("t", withPresence(connection, "t", follower));
  world.socket().accepts();
  answer([ann, bob, eve]);
  assert.deepEqual([present.length, others], [2, [3]]);
});

test("an answer that comes after the topic was left changes nothing", () => {
  subscription.close();
  answer([ann]);
  assert.deepEqual(present, []);
});
