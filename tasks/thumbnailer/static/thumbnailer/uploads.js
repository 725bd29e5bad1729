// Sends files one request each, so that each has its own progress and its own answer.

const AT_ONCE = 3;

/** @typedef {{progress: (sent: number, total: number) => void, done: (image: object) => void, failed: (message: string, lost: boolean) => void}} Told */

/** A queue of uploads through the page's own form. */
export class Uploads {
  #form;
  #waiting = [];
  #running = 0;
  #lost = []; // did not reach the server: sent again when it is back

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.#form = form;
  }

  /** @param {File} file @param {Told} told */
  add(file, told) {
    this.#waiting.push({ file, told });
    this.#next();
  }

  /** The server can be reached: what was lost on the way is sent again. */
  resume() {
    this.#waiting.push(...this.#lost.splice(0));
    this.#next();
  }

  /** Forgets what is lost with this `told`: somebody else sends it again. */
  forget(told) {
    this.#lost = this.#lost.filter((upload) => upload.told !== told);
  }

  #next() {
    while (this.#running < AT_ONCE && this.#waiting.length) this.#send(this.#waiting.shift());
  }

  #send(upload) {
    this.#running += 1;
    const { file, told } = upload;
    const request = new XMLHttpRequest();
    let whole = false;
    request.upload.onprogress = ({ loaded, total }) => told.progress(loaded, total);
    request.upload.onload = () => (whole = true);
    request.onloadend = () => {
      this.#running -= 1;
      this.#next();
      const image = request.response?.images?.[0];
      if (request.status === 201 && image) told.done(image);
      else this.#failed(upload, request, whole);
    };
    request.open("POST", this.#form.action);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.send(this.#body(file));
  }

  #body(file) {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", this.#form.elements.csrfmiddlewaretoken.value);
    body.set("image", file, file.name);
    return body;
  }

  // Once all of it was sent it may have been accepted: sending it again is for the person to say.
  #failed(upload, request, whole) {
    const lost = request.status === 0 && !whole;
    if (lost) this.#lost.push(upload);
    upload.told.failed(reason(request, lost), lost);
  }
}

function reason({ status, response }, lost) {
  if (response?.error) return response.error.message;
  if (lost) return "Not sent yet: it goes off when the connection is back.";
  if (status === 0) return "The connection was lost before the server could answer.";
  if (status === 403) return "This page is too old. Reload it and choose the file again.";
  if (status === 413) return "This file is too large.";
  return "The server could not take this file. Try again in a moment.";
}
