// The images that are under way together: "12 of 40 done", also after a reload.

import { summary } from "./sentences.js";

const KEY = "thumbnailer.batch";
const SAY_EVERY_MS = 10_000; // to somebody who listens, each single image would be noise

/** The summary line of what this tab has seen unfinished since it last had nothing to wait for. */
export class Batch {
  #line;
  #say;
  #ids;
  #saidAt = 0;

  /** @param {HTMLElement} line @param {(text: string) => void} say */
  constructor(line, say) {
    [this.#line, this.#say] = [line, say];
    this.#ids = new Set(JSON.parse(sessionStorage.getItem(KEY) ?? "[]"));
  }

  /** @param {{id: string, state: string}[]} images all of them @param {(image: object) => boolean} isDone */
  update(images, isDone, now) {
    const open = images.filter((image) => !isDone(image));
    if (!open.length && !this.#ids.size) return;
    const known = new Map(images.map(({ id, state }) => [id, state]));
    for (const { id } of open) this.#ids.add(id);
    const states = [...this.#ids].map((id) => known.get(id)).filter(Boolean);
    const text = states.length ? summary(states) : "";
    if (this.#line.textContent !== text) this.#line.textContent = text;
    if (!open.length) this.#ids.clear();
    sessionStorage.setItem(KEY, JSON.stringify([...this.#ids]));
    if (open.length && now - this.#saidAt < SAY_EVERY_MS) return;
    this.#saidAt = open.length ? now : 0;
    this.#say(text);
  }
}
