import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { load } from "./page.js";

const { Uploads } = await load("uploads.js");

class FakeRequest {
  static all = [];
  upload = {};
  status = 0;
  response = null;
  open() {}
  setRequestHeader() {}
  send(body) {
    this.body = body;
    FakeRequest.all.push(this);
  }
  abort() {
    this.aborted = true;
    this.onloadend();
  }
  getResponseHeader(name) {
    return this.headers[name] ?? null;
  }
  ends(status, response = null, headers = {}) {
    [this.status, this.response, this.headers] = [status, response, headers];
    this.onloadend();
  }
}

let uploads;
let accepted;
const requests = FakeRequest.all;
const add = (...ids) => ids.forEach((id) => uploads.add(id, new File(["x"], `${id}.jpg`)));
const states = () => uploads.all.map(({ id, state }) => `${id} ${state}`);
const created = (id) => ({ images: [{ id }] });

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.XMLHttpRequest = FakeRequest;
  requests.length = 0;
  accepted = [];
  const form = { action: "/images/", dataset: { maxBytes: "1000000" }, elements: { csrfmiddlewaretoken: { value: "token" } } };
  uploads = new Uploads(form, { changed: () => {}, accepted: ({ id }) => accepted.push(id) });
});

test("at most three files are under way at once, the others say that they wait", () => {
  add("1", "2", "3", "4", "5");
  assert.equal(requests.length, 3);
  assert.deepEqual(states().slice(2), ["3 uploading", "4 waiting", "5 waiting"]);
  requests[0].ends(201, created("1"));
  assert.equal(requests.length, 4);
  assert.deepEqual(accepted, ["1"]);
  assert.equal(requests[3].body.get("csrfmiddlewaretoken"), "token");
  assert.equal(requests[3].body.get("id"), "4");
});

test("the bytes are those that were sent", () => {
  add("1");
  requests[0].upload.onprogress({ loaded: 7, total: 90 });
  assert.deepEqual([uploads.get("1").sent, uploads.get("1").total], [7, 90]);
});

for (const status of [0, 502, 503, 504])
  test(`an upload that is answered by ${status} goes off again under the same id`, () => {
    add("1");
    requests[0].ends(status);
    assert.deepEqual(states(), ["1 unsent"]);
    uploads.resume();
    assert.equal(requests[1].body.get("id"), "1");
    requests[1].ends(201, created("1"));
    uploads.resume();
    assert.deepEqual([accepted, requests.length], [["1"], 2]);
  });

test("an unsent file goes off by itself, later each time", () => {
  add("1");
  requests[0].ends(0);
  mock.timers.tick(2_000);
  requests[1].ends(0);
  mock.timers.tick(2_000);
  assert.equal(requests.length, 2);
  mock.timers.tick(2_000);
  assert.equal(requests.length, 3);
});

test("an upload that is taken away ends, and makes room for the next", () => {
  add("1", "2", "3", "4");
  uploads.cancel("1");
  assert.equal(requests[0].aborted, true);
  assert.deepEqual(states(), ["2 uploading", "3 uploading", "4 uploading"]);
});

test("an upload that the server is known to have makes room once its request has ended", () => {
  add("1", "2", "3", "4");
  uploads.arrived("1");
  assert.deepEqual([requests.length, requests[0].aborted], [3, undefined]);
  requests[0].ends(0);
  assert.deepEqual(states(), ["2 uploading", "3 uploading", "4 uploading"]);
});

test("what its person has taken away is not sent again", () => {
  add("1");
  requests[0].ends(0);
  uploads.cancel("1");
  uploads.resume();
  mock.timers.tick(60_000);
  assert.equal(requests.length, 1);
});

test("the server's own reason is told, and is a verdict on the file", () => {
  add("1");
  requests[0].ends(413, { error: { code: "too_large", message: "Larger than 25 MB." } });
  assert.deepEqual(uploads.get("1").error, { code: "failed", message: "Larger than 25 MB." });
});

test("a server that fails may be asked again", () => {
  add("1");
  requests[0].ends(500);
  assert.equal(uploads.get("1").error.code, "internal");
  uploads.again("1");
  assert.deepEqual(states(), ["1 uploading"]);
});

test("a file that is too large is not even sent", () => {
  uploads.add("1", { name: "film.jpg", size: 1_000_001 });
  assert.deepEqual([states(), requests.length], [["1 refused"], 0]);
});

const tooMuch = { error: { code: "too_much", message: "Try again in 40 s." } };

test("a server that has had too much is asked again when it said, and until then by nothing", () => {
  add("1", "2", "3", "4", "5");
  requests[0].ends(429, tooMuch, { "Retry-After": "40" });
  requests[1].ends(201, created("2"));
  requests[2].ends(503);
  uploads.resume();
  mock.timers.tick(39_999);
  assert.deepEqual(states(), ["1 unsent", "3 unsent", "4 waiting", "5 waiting"]);
  assert.equal(uploads.get("1").error.message, "Try again in 40 s.");
  mock.timers.tick(1);
  assert.deepEqual(states(), ["1 uploading", "3 waiting", "4 uploading", "5 uploading"]);
  assert.equal(uploads.get("1").error, null);
});

test("who does not want to wait may try again at once", () => {
  add("1", "2", "3", "4");
  requests[0].ends(429, tooMuch, { "Retry-After": "40" });
  uploads.again("1");
  assert.deepEqual(states(), ["1 uploading", "2 uploading", "3 uploading", "4 waiting"]);
});
