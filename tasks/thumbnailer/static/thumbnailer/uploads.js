// Sends files one request each, so that each has its own progress and its own answer.

const AT_ONCE = 3;
const RETRY_FIRST_MS = 2_000; // while the server can not be reached, the double each time …
const RETRY_LAST_MS = 30_000; // … up to this
const AWAY = new Set([0, 502, 503, 504]); // no answer, or a proxy's
const TOO_MUCH = 429; // the server says for how long it takes no more …
const HOLD_S = 60; // … or should have

/** @typedef {{id: string, name: string, state: "waiting" | "uploading" | "unsent" | "refused", sent: number, total: number, error: {code: string, message: string} | null, thumbnails: []}} Upload A file on its way, in the shape of an image. */

/** Uploads through the page's own form. Each has its image's id from the start, so that it may be
 * sent again after a lost answer and still counts once. */
export class Uploads {
  #form;
  #told;
  #uploads = new Map(); // by id: {view, file, request?}
  #running = 0;
  #delay = RETRY_FIRST_MS;
  #timer;
  #held; // the timer of a server that has had too much for now

  /** @param {HTMLFormElement} form
   * @param {{changed: (id: string) => void, accepted: (image: object) => void}} told */
  constructor(form, told) {
    [this.#form, this.#told] = [form, told];
  }

  /** Oldest first. @returns {Upload[]} */
  get all() {
    return [...this.#uploads.values()].map(({ view }) => view);
  }

  /** @returns {Upload | undefined} */
  get(id) {
    return this.#uploads.get(id)?.view;
  }

  /** @param {string} id @param {File} file */
  add(id, file) {
    const { name, size } = file;
    const view = { id, name, state: "waiting", sent: 0, total: size, error: null, thumbnails: [] };
    this.#uploads.set(id, { view, file });
    if (size > Number(this.#form.dataset.maxBytes)) this.#refuse(id, tooLarge(this.#form.dataset));
    else this.#change(id, {});
    this.#next();
  }

  /** The server may be back: what is unsent goes off. */
  resume() {
    if (this.#held) return;
    clearTimeout(this.#timer);
    for (const { id, state } of this.all) if (state === "unsent") this.again(id);
  }

  again(id) {
    this.#release();
    this.#change(id, { state: "waiting", sent: 0, error: null });
    this.#next();
  }

  /** Stops an upload and forgets it. */
  cancel(id) {
    const upload = this.#uploads.get(id);
    this.#uploads.delete(id);
    upload?.request?.abort();
  }

  /** The server has it: its answer, if there is one yet to come, no longer matters. */
  arrived(id) {
    this.#uploads.delete(id);
  }

  #next() {
    if (this.#held) return;
    for (const { id, state } of this.all)
      if (state === "waiting" && this.#running < AT_ONCE) this.#send(id);
  }

  #send(id) {
    const upload = this.#uploads.get(id);
    const request = (upload.request = new XMLHttpRequest());
    request.upload.onprogress = ({ loaded, total }) => this.#change(id, { sent: loaded, total });
    request.onloadend = () => {
      this.#running -= 1;
      if (upload === this.#uploads.get(id)) this.#ended(id, request);
      this.#next();
    };
    request.open("POST", this.#form.action);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    this.#running += 1;
    this.#change(id, { state: "uploading", sent: 0 });
    request.send(this.#body(id, upload.file));
  }

  #body(id, file) {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", this.#form.elements.csrfmiddlewaretoken.value);
    body.set("id", id);
    body.set("image", file, file.name);
    return body;
  }

  #ended(id, request) {
    const image = request.response?.images?.[0];
    if (request.status === 201 && image) {
      this.#delay = RETRY_FIRST_MS;
      this.#uploads.delete(id);
      this.#told.accepted(image);
    } else if (AWAY.has(request.status)) this.#wait(id);
    else if (request.status === TOO_MUCH) this.#hold(id, request);
    else this.#refuse(id, reason(request));
  }

  #wait(id) {
    this.#change(id, { state: "unsent" });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.resume(), this.#delay);
    this.#delay = Math.min(this.#delay * 2, RETRY_LAST_MS);
  }

  // No other file would fare better: all of them wait.
  #hold(id, request) {
    this.#change(id, { state: "unsent", error: request.response?.error ?? null });
    const seconds = Number(request.getResponseHeader("Retry-After")) || HOLD_S;
    clearTimeout(this.#held);
    this.#held = setTimeout(() => {
      this.#release();
      this.resume();
      this.#next();
    }, seconds * 1000);
  }

  #release() {
    clearTimeout(this.#held);
    this.#held = undefined;
  }

  #refuse(id, error) {
    this.#change(id, { state: "refused", error });
  }

  #change(id, more) {
    const upload = this.#uploads.get(id);
    if (!upload) return;
    Object.assign(upload.view, more);
    this.#told.changed(id);
  }
}

// As with jobs, "failed" is a verdict on the file: the same again would end the same.
const verdict = (message) => ({ code: "failed", message });

function tooLarge({ maxBytes }) {
  const limit = Math.floor(maxBytes / 1024 / 1024);
  return verdict(`This file is larger than ${limit} MB. Choose a smaller one.`);
}

function reason({ status, response }) {
  if (response?.error) return verdict(response.error.message);
  if (status === 403) return verdict("This page is too old. Reload it and choose the file again.");
  if (status === 413) return verdict("This file is too large. Choose a smaller one.");
  return { code: "internal", message: "The server could not take this file." };
}
