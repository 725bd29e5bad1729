import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

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
  ends(status, response = null) {
    [this.status, this.response] = [status, response];
    this.onloadend();
  }
}

let uploads;
let told;
const file = (name) => new File(["x"], name);
const teller = (name) => ({
  progress: (sent, total) => told.push([name, "progress", sent, total]),
  done: (image) => told.push([name, "done", image.id]),
  failed: (message, lost) => told.push([name, "failed", lost, message]),
});

beforeEach(() => {
  globalThis.XMLHttpRequest = FakeRequest;
  FakeRequest.all = [];
  told = [];
  uploads = new Uploads({ action: "/images/", elements: { csrfmiddlewaretoken: { value: "token" } } });
});

test("at most three files are under way at once", () => {
  for (const name of ["1", "2", "3", "4"]) uploads.add(file(name), teller(name));
  assert.equal(FakeRequest.all.length, 3);
  FakeRequest.all[0].ends(201, { images: [{ id: "i1" }] });
  assert.equal(FakeRequest.all.length, 4);
  assert.deepEqual(told, [["1", "done", "i1"]]);
  assert.equal(FakeRequest.all[3].body.get("csrfmiddlewaretoken"), "token");
});

test("what did not reach the server is sent again when it is back", () => {
  uploads.add(file("1"), teller("1"));
  FakeRequest.all[0].ends(0);
  assert.equal(told[0][2], true);
  uploads.resume();
  FakeRequest.all[1].ends(201, { images: [{ id: "i1" }] });
  assert.deepEqual(told.at(-1), ["1", "done", "i1"]);
  uploads.resume();
  assert.equal(FakeRequest.all.length, 2);
});

test("what may have been accepted is not sent again unasked", () => {
  uploads.add(file("1"), teller("1"));
  FakeRequest.all[0].upload.onload();
  FakeRequest.all[0].ends(0);
  assert.equal(told[0][2], false);
  uploads.resume();
  assert.equal(FakeRequest.all.length, 1);
});

test("what its person has taken away is not sent again", () => {
  const teller1 = teller("1");
  uploads.add(file("1"), teller1);
  FakeRequest.all[0].ends(0);
  uploads.forget(teller1);
  uploads.resume();
  assert.equal(FakeRequest.all.length, 1);
});

test("the server's own reason is told", () => {
  uploads.add(file("1"), teller("1"));
  FakeRequest.all[0].ends(413, { error: { code: "too_large", message: "Larger than 25 MB." } });
  assert.deepEqual(told, [["1", "failed", false, "Larger than 25 MB."]]);
});
