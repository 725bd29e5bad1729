// The conversations of docs/frames.json, held with the browser's client.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { browser, connect, modules } from "./browser.js";

const { withPresence } = await modules("presence.js");

const conversations = JSON.parse(readFileSync(new URL("../../../docs/frames.json", import.meta.url), "utf8"));

/** What the texts with a dollar sign stand for: what the client has said, else a value for each. */
class Values {
  #known = new Map();

  fill(told) {
    if (Array.isArray(told)) return told.map((value) => this.fill(value));
    if (told && typeof told === "object")
      return Object.fromEntries(Object.entries(told).map(([key, value]) => [key, this.fill(value)]));
    const name = typeof told === "string" && told.match(/\$(\w+)/)?.[1];
    if (!name) return told;
    if (!this.#known.has(name)) this.#known.set(name, /^(ts|n$|ping_s)/.test(name) ? 15 : `${name}-value`);
    return told === `$${name}` ? this.#known.get(name) : told.replace(`$${name}`, this.#known.get(name));
  }

  learn(told, said) {
    for (const [key, value] of Object.entries(told))
      if (/^\$/.test(value) && !this.#known.has(value.slice(1))) this.#known.set(value.slice(1), said[key]);
  }
}

class Conversation {
  #world = browser();
  #values = new Values();
  #heard = [];
  #said = 0; // of the current socket, the frames that were compared
  #connection;
  #followed = new Map();

  async take(key, told) {
    if (key === "page") this.#page(...this.#values.fill(told));
    else if (key === "S") this.#world.socket().says(this.#values.fill(told));
    else if (key === "C") this.#compare(told);
    else if (key === "close") this.#world.socket().ends(told);
    else if (key === "log" && told[0] === "cut") this.#cut();
    else if (key === "heard") await this.#listen(this.#values.fill(told));
  }

  end() { assert.equal(this.#world.socket().sent.length, this.#said, "more was said than is recorded"); }

  #page(what, topic, ...more) {
    if (what === "connect") this.#connect();
    else if (what === "subscribe") this.#followed.set(topic, this.#connection.subscribe(topic, this.#follower(topic, ...more)));
    else if (what === "unsubscribe") this.#followed.get(topic).close();
    else if (what === "publish") this.#connection.publish(topic, ...more).catch(({ code }) => this.#heard.push(code));
    else if (what === "whisper") this.#connection.whisper(topic, ...more);
  }

  #connect() {
    this.#connection = connect("/ws/");
    this.#connection.on("state", (state) => state === "closed" && this.#heard.push("closed"));
  }

  #follower(topic, since, presence) {
    const follower = {
      since: since ?? undefined,
      onEvent: ({ seq = null, data }) => this.#heard.push([seq, data]),
      onGap: () => this.#heard.push("gap"),
      onError: ({ code }) => this.#heard.push(code),
      onPresent: (members, n) => this.#heard.push(["present", n]),
    };
    return presence ? withPresence(this.#connection, topic, follower) : follower;
  }

  #compare(told) {
    const said = this.#world.socket().sent[this.#said++];
    assert.ok(said, "the client said nothing");
    this.#values.learn(told, said);
    assert.deepEqual(said, this.#values.fill(told));
  }

  #cut() {
    this.#world.socket().ends(1006);
    this.#world.clock.advance(20_000);
    this.#said = 0;
  }

  async #listen(told) {
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(this.#heard.splice(0), told);
  }
}

for (const { name, steps } of conversations)
  test(`${name}, as recorded`, async () => {
    const conversation = new Conversation();
    for (const step of steps) {
      const [[key, told]] = Object.entries(step);
      await conversation.take(key, told);
    }
    conversation.end();
  });
