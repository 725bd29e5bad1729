import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { browser, connect, event, positionOf } from "./browser.js";

let world;
let seen;
let gaps;
let errors;
const follower = (more = {}) => ({
  onEvent: (received) => seen.push(received.seq ?? received.type),
  onGap: (gap) => gaps.push(gap),
  onError: (error) => errors.push(error),
  ...more,
});

beforeEach(() => {
  world = browser();
  [seen, gaps, errors] = [[], [], []];
});

function following(more) {
  const connection = connect();
  world.socket().welcomes();
  const subscription = connection.subscribe("t", follower(more));
  return { connection, subscription };
}

test("a page's position is read from its element", () => {
  const dataset = { topic: "t", epoch: "e1", seq: "7", mid: "m7" };
  assert.deepEqual(positionOf({ dataset }), { epoch: "e1", seq: 7, mid: "m7" });
  const empty = { topic: "t", epoch: "", seq: "0", mid: "" };
  assert.deepEqual(positionOf({ dataset: empty }), { epoch: "", seq: 0, mid: "" });
  assert.equal(positionOf({ dataset: {} }), undefined);
});

test("a subscription without a position asks for all that is kept", () => {
  following();
  assert.deepEqual(world.socket().sent, [{ op: "subscribe", id: 1, topic: "t" }]);
});

test("a subscription asks from the page's position", () => {
  const since = { epoch: "e1", seq: 7, mid: "m7" };
  following({ since });
  assert.deepEqual(world.socket().asked("subscribe")[0].since, since);
});

test("a subscription made before the welcome is asked after it, once", () => {
  const connection = connect();
  connection.subscribe("t", follower());
  assert.deepEqual(world.socket().sent, []);
  world.socket().welcomes();
  assert.equal(world.socket().asked("subscribe").length, 1);
});

test("a subscription made while the page hears of the connection is asked once", () => {
  const connection = connect();
  connection.on("state", () => connection.subscribe("t", follower()));
  world.socket().welcomes();
  assert.equal(world.socket().asked("subscribe").length, 1);
});

test("events arrive in order, each with its topic", () => {
  const received = [];
  following({ onEvent: (one) => received.push(one) });
  world.socket().accepts();
  world.socket().says(event(1));
  const page = [event(2), event(3)].map(({ op, topic, ...rest }) => rest);
  world.socket().says({ op: "events", topic: "t", events: page });
  assert.deepEqual(received.map(({ topic, seq }) => [topic, seq]), [["t", 1], ["t", 2], ["t", 3]]);
  assert.deepEqual(received[0], {
    topic: "t", seq: 1, mid: "m1", type: "note", ts: 1, data: { n: 1 },
  });
});

test("an event that was seen already is dropped", () => {
  following();
  world.socket().accepts();
  world.socket().says(event(1), event(2), event(1), event(2), event(3));
  assert.deepEqual(seen, [1, 2, 3]);
});

test("a volatile event is handed on and moves no position", () => {
  following();
  world.socket().accepts();
  world.socket().says(event(1), { op: "event", topic: "t", type: "typing", ts: 1, data: {} }, event(2));
  assert.deepEqual(seen, [1, "typing", 2]);
});

test("a hole is filled from the log before anything later is shown", () => {
  following();
  world.socket().accepts();
  world.socket().says(event(1), event(3), event(4));
  assert.deepEqual(seen, [1]);
  const again = world.socket().asked("subscribe").at(-1);
  assert.deepEqual(again.since, { epoch: "e1", seq: 1, mid: "m1" });
  world.socket().accepts();
  world.socket().says({ op: "events", topic: "t", events: [event(2), event(3), event(4)] }, event(5));
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
});

test("a server that leaves the same hole twice is left, not asked for ever", () => {
  const { connection } = following();
  world.socket().accepts();
  world.socket().says(event(2));
  world.socket().accepts();
  world.socket().says(event(2));
  assert.equal(connection.state, "reconnecting");
});

test("a subscription goes on after a reconnect from its last event", () => {
  following();
  world.socket().accepts();
  world.socket().says(event(1), event(2));
  world.socket().ends();
  world.clock.advance(500);
  world.socket().welcomes();
  assert.deepEqual(world.socket().asked("subscribe"), [
    { op: "subscribe", id: 2, topic: "t", since: { epoch: "e1", seq: 2, mid: "m2" } },
  ]);
  world.socket().accepts();
  world.socket().says(event(3));
  assert.deepEqual(seen, [1, 2, 3]);
});

test("a position keeps its proof over a reconnect in which nothing happened", () => {
  const since = { epoch: "e1", seq: 7, mid: "m7" };
  following({ since });
  world.socket().accepts();
  world.socket().ends();
  world.clock.advance(500);
  world.socket().welcomes();
  assert.deepEqual(world.socket().asked("subscribe")[0].since, since);
});

test("a topic's first life is adopted from the server's answer", () => {
  following({ since: { epoch: "", seq: 0, mid: "" } });
  world.socket().accepts();
  world.socket().says(event(1));
  world.socket().ends();
  world.clock.advance(500);
  world.socket().welcomes();
  const { since } = world.socket().asked("subscribe")[0];
  assert.deepEqual(since, { epoch: "", seq: 1, mid: "m1" });
  world.socket().accepts({ epoch: "e9" });
  world.socket().ends();
  world.clock.advance(1000);
  world.socket().welcomes();
  assert.equal(world.socket().asked("subscribe")[0].since.epoch, "e9");
});

test("a position that the log can not serve is a gap, and events go on from the answer's", () => {
  following({ since: { epoch: "e0", seq: 3, mid: "m3" } });
  world.socket().accepts({ epoch: "e1", seq: 9, recovered: false, reason: "epoch" });
  assert.deepEqual(gaps, [{ topic: "t", reason: "epoch", epoch: "e1", seq: 9 }]);
  world.socket().says(event(10));
  assert.deepEqual(seen, [10]);
});

test("a gap while following is told and events go on from there", () => {
  following();
  world.socket().accepts();
  world.socket().says(event(1), { op: "gap", topic: "t", epoch: "e1", seq: 50, reason: "trimmed" });
  world.socket().says(event(51));
  assert.deepEqual(gaps, [{ topic: "t", reason: "trimmed", epoch: "e1", seq: 50 }]);
  assert.deepEqual(seen, [1, 51]);
});

test("a gap that nobody handles is an error, not silence", () => {
  following({ onGap: undefined });
  world.socket().accepts({ seq: 9, recovered: false, reason: "trimmed" });
  assert.equal(errors[0].code, "gap");
});

test("a handler that throws is reported, and its event is not repeated", () => {
  const handled = [];
  const onEvent = ({ seq }) => {
    handled.push(seq);
    if (seq === 1) throw new Error("the page's own fault");
  };
  following({ onEvent });
  world.socket().accepts();
  world.socket().says(event(1), event(2));
  assert.deepEqual(handled, [1, 2]);
  assert.deepEqual(world.reported.map((error) => error.message), ["the page's own fault"]);
});

test("a refused subscription is told with its code and asked no more", () => {
  const { connection } = following();
  const { id } = world.socket().asked("subscribe")[0];
  world.socket().says({ op: "error", id, code: "denied", reason: "not yours", temporary: false });
  assert.deepEqual(errors.map(({ code, message }) => [code, message]), [["denied", "t: not yours"]]);
  world.socket().ends();
  world.clock.advance(500);
  world.socket().welcomes();
  assert.deepEqual(world.socket().sent, []);
  connection.subscribe("t", follower());
  assert.equal(world.socket().asked("subscribe").length, 1);
});

test("a right that ends while following ends the subscription with its code", () => {
  const { connection } = following();
  world.socket().accepts();
  world.socket().says({ op: "error", topic: "t", code: "denied", reason: "no longer yours" });
  world.socket().says(event(1));
  assert.deepEqual(seen, []);
  assert.equal(errors[0].code, "denied");
  assert.equal(connection.state, "connected");
  connection.subscribe("t", follower());
  assert.equal(world.socket().asked("subscribe").length, 2);
});

test("a refusal without an onError is reported", () => {
  following({ onError: undefined });
  const { id } = world.socket().asked("subscribe")[0];
  world.socket().says({ op: "error", id, code: "denied", reason: "not yours" });
  assert.equal(world.reported[0].code, "denied");
});

test("a temporary refusal is asked again when the server says", () => {
  following();
  const { id } = world.socket().asked("subscribe")[0];
  world.socket().says({ op: "error", id, code: "unavailable", temporary: true, retry_ms: 300 });
  world.clock.advance(299);
  assert.equal(world.socket().asked("subscribe").length, 1);
  world.clock.advance(1);
  assert.equal(world.socket().asked("subscribe").length, 2);
  assert.deepEqual(errors, []);
});

test("an answer to a subscription that was closed meanwhile is nobody's", () => {
  const { connection, subscription } = following();
  const [{ id }] = world.socket().asked("subscribe");
  subscription.close();
  connection.subscribe("t", follower());
  world.socket().says({ op: "error", id, code: "denied", reason: "not yours" });
  world.socket().accepts();
  world.socket().says(event(1));
  assert.deepEqual([seen, errors], [[1], []]);
});

test("a subscription that is closed while it waits is not asked again", () => {
  const { subscription } = following();
  const [{ id }] = world.socket().asked("subscribe");
  world.socket().says({ op: "error", id, code: "unavailable", temporary: true, retry_ms: 300 });
  subscription.close();
  world.clock.advance(300);
  assert.equal(world.socket().asked("subscribe").length, 1);
});

test("a closed subscription hears nothing, and its topic can be followed anew", () => {
  const { connection, subscription } = following();
  world.socket().accepts();
  world.socket().says(event(1));
  subscription.close();
  subscription.close();
  world.socket().says(event(2));
  assert.equal(world.socket().asked("unsubscribe").length, 1);
  connection.subscribe("t", follower({ since: { epoch: "e1", seq: 1, mid: "m1" } }));
  world.socket().says(event(3));
  world.socket().accepts();
  world.socket().says(event(2));
  assert.deepEqual(seen, [1, 2]);
});

for (const what of ["subscription", "connection"])
  test(`a handler that closes its ${what} sees no further event of that frame`, () => {
    const made = following({
      onEvent: ({ seq }) => {
        seen.push(seq);
        made[what].close();
      },
    });
    world.socket().accepts();
    world.socket().says({ op: "events", topic: "t", events: [event(1), event(2)] });
    assert.deepEqual(seen, [1]);
  });

test("a topic is followed once a connection", () => {
  const { connection } = following();
  assert.throws(() => connection.subscribe("t", follower()), { code: "bad_request" });
});

test("no more topics are followed than the server allows", () => {
  const connection = connect();
  world.socket().welcomes({ limits: { frame: 65_536, topics: 1 } });
  connection.subscribe("t", follower());
  assert.throws(() => connection.subscribe("u", follower()), { code: "bad_request" });
});

test("frames of a kind that this client does not know are ignored", () => {
  following();
  world.socket().accepts();
  world.socket().says({ op: "weather", topic: "t" }, { ...event(1), colour: "blue" });
  world.socket().says({ op: "event", topic: "other", seq: 1, type: "x", ts: 1, data: {} });
  assert.deepEqual(seen, [1]);
});
