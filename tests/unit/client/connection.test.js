import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { browser, connect } from "./browser.js";

let world;
let states;

beforeEach(() => {
  world = browser();
  states = [];
});

function watched(url) {
  const connection = connect(url);
  connection.on("state", (state, why) => states.push([state, why?.code]));
  return connection;
}

function connected() {
  const connection = watched();
  world.socket().welcomes();
  states.length = 0;
  return connection;
}

test("an address relative to the page becomes a websocket's", () => {
  connect("/ws/");
  assert.equal(world.socket().url, "wss://shop.example/ws/");
  connect("http://other.example/live/");
  assert.equal(world.socket().url, "ws://other.example/live/");
});

test("a connection counts from the welcome and names the visitor", () => {
  const connection = watched();
  assert.equal(connection.state, "connecting");
  assert.equal(connection.visitor, undefined);
  world.socket().welcomes();
  assert.equal(connection.state, "connected");
  assert.equal(connection.visitor, "g1");
  assert.deepEqual(states, [["connected", undefined]]);
});

test("a listener of states can be taken away, and one that throws is reported", () => {
  const connection = connect();
  const heard = [];
  const stop = connection.on("state", (state) => heard.push(state));
  connection.on("state", () => {
    throw new Error("the page's own fault");
  });
  world.socket().welcomes();
  stop();
  connection.close();
  assert.deepEqual(heard, ["connected"]);
  assert.equal(world.reported.length, 2);
  assert.throws(() => connection.on("event", () => {}), { code: "bad_request" });
});

test("a ping is answered with its number", () => {
  connected();
  world.socket().says({ op: "ping", n: 42 });
  assert.deepEqual(world.socket().sent, [{ op: "pong", n: 42 }]);
});

for (const code of [1000, 1001, 1006, 1011, 1012, 4000, 4001, 4002, 4006, 4499, 4600])
  test(`close code ${code} reconnects`, () => {
    const connection = connected();
    world.socket().ends(code);
    assert.equal(connection.state, "reconnecting");
    world.clock.advance(500);
    assert.equal(world.sockets.length, 2);
    assert.deepEqual(states, [["reconnecting", code]]);
  });

for (const code of [4500, 4501, 4502, 4503, 4504, 4599])
  test(`close code ${code} ends the connection`, () => {
    const connection = connected();
    world.socket().ends(code);
    world.clock.advance(60_000);
    world.page("online");
    assert.equal(connection.state, "closed");
    assert.equal(world.sockets.length, 1);
    assert.equal(world.clock.waiting, 0);
    assert.deepEqual(states, [["closed", code]]);
  });

test("the first retry comes within 500 ms, later ones within a bound that doubles to 20 s", () => {
  connected();
  const delays = [];
  for (let attempt = 0; attempt < 9; attempt++) {
    const before = world.clock.now;
    const count = world.sockets.length;
    world.socket().ends();
    while (world.sockets.length === count) world.clock.advance(50);
    delays.push(world.clock.now - before);
  }
  // Every random number is one half.
  assert.deepEqual(delays, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
});

test("a server that welcomes and drops is not stormed", () => {
  connected();
  world.socket().ends();
  world.clock.advance(250);
  world.socket().welcomes();
  world.clock.advance(9_999);
  world.socket().ends();
  world.clock.advance(499);
  assert.equal(world.sockets.length, 2);
});

test("a connection that held for 10 s is retried like a first one", () => {
  connected();
  world.socket().ends();
  world.clock.advance(250);
  world.socket().welcomes();
  world.clock.advance(10_000);
  world.socket().ends();
  world.clock.advance(250);
  assert.equal(world.sockets.length, 3);
});

test("bye names the time of the retry, and its code counts before the socket's", () => {
  connected();
  const first = world.socket();
  first.says({ op: "bye", code: 4000, reason: "shutdown", retry_ms: 2500 });
  assert.equal(first.closed, true);
  first.ends(1006);
  world.clock.advance(2499);
  assert.equal(world.sockets.length, 1);
  world.clock.advance(1);
  assert.equal(world.sockets.length, 2);
  assert.deepEqual(states, [["reconnecting", 4000]]);
});

test("bye with a stopping code ends the connection although the close frame is lost", () => {
  const connection = connected();
  world.socket().says({ op: "bye", code: 4501, reason: "sign in again", retry_ms: 0 });
  assert.equal(connection.state, "closed");
});

test("a server of another version asks for a new page instead of guessing", () => {
  const connection = watched();
  world.socket().welcomes({ v: 2 });
  assert.equal(connection.state, "closed");
  assert.deepEqual(states, [["closed", 4503]]);
});

test("silence beyond the ping interval and 10 s is a lost connection", () => {
  const connection = connected();
  world.clock.advance(20_000);
  world.socket().says({ op: "ping", n: 1 });
  world.clock.advance(24_999);
  assert.equal(connection.state, "connected");
  world.clock.advance(1);
  assert.equal(connection.state, "reconnecting");
});

test("a handshake that never answers is given up", () => {
  watched();
  world.clock.advance(10_000 + 500);
  assert.equal(world.sockets[0].closed, true);
  assert.equal(world.sockets.length, 2);
});

test("a machine that slept finds its dead connection when it is looked at", () => {
  connected();
  world.clock.sleep(600_000);
  world.shown();
  assert.equal(world.sockets.length, 2);
  assert.equal(world.sockets[0].closed, true);
});

test("a page that comes to the front keeps a connection that lives", () => {
  connected();
  world.clock.advance(5_000);
  world.shown();
  world.page("pageshow", { persisted: false });
  assert.equal(world.sockets.length, 1);
});

test("a page that is hidden does not hurry", () => {
  connected();
  world.socket().ends();
  world.document.hidden = true;
  world.shown();
  assert.equal(world.sockets.length, 1);
});

for (const [name, happen] of [
  ["the network is back", () => world.page("online")],
  ["the page is visible", () => world.shown()],
  ["the page is shown from the back button's cache", () => world.page("pageshow", { persisted: true })],
])
  test(`a waiting retry goes at once when ${name}`, () => {
    connected();
    for (let attempt = 0; attempt < 6; attempt++) {
      world.socket().ends();
      if (attempt < 5) world.clock.advance(10_000);
    }
    const count = world.sockets.length;
    happen();
    assert.equal(world.sockets.length, count + 1);
    world.socket().welcomes();
    world.clock.advance(20_000);
    assert.equal(world.sockets.length, count + 1, "the waiting retry was taken away");
  });

test("offline is said when the browser says it, and left when it is back", () => {
  const connection = connected();
  world.navigator.onLine = false;
  world.page("offline");
  assert.equal(connection.state, "offline");
  world.navigator.onLine = true;
  world.page("online");
  assert.equal(connection.state, "reconnecting");
  world.socket().welcomes();
  assert.deepEqual(states.map(([state]) => state), ["offline", "reconnecting", "connected"]);
});

test("an offline browser still reaches a server on the same machine", () => {
  const connection = connected();
  world.navigator.onLine = false;
  world.page("offline");
  world.clock.advance(500);
  world.socket().welcomes();
  assert.equal(connection.state, "connected");
});

test("a page that goes into the back button's cache holds no socket", () => {
  connected();
  world.page("pagehide");
  assert.equal(world.sockets[0].closed, true);
  world.page("pageshow", { persisted: true });
  assert.equal(world.sockets.length, 2);
});

test("looking at a page again and again leaves one timer", () => {
  connected();
  for (let time = 0; time < 5; time++) world.shown();
  assert.equal(world.clock.waiting, 1);
});

test("close while a retry waits leaves no timer", () => {
  const connection = connected();
  world.socket().ends();
  connection.close();
  assert.equal(world.clock.waiting, 0);
});

test("close ends everything and leaves no timer", () => {
  const connection = connected();
  connection.close();
  connection.close();
  world.page("online");
  world.clock.advance(60_000);
  assert.equal(world.socket().closed, true);
  assert.equal(world.sockets.length, 1);
  assert.equal(world.clock.waiting, 0);
  assert.deepEqual(states, [["closed", 1000]]);
});
