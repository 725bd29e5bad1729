// What the page knows of the visitor's images: first from the server, then from events.

import { isDone, withEvent } from "../channels_celery/jobs.js";

export { isDone };

/** @typedef {import("../channels_celery/jobs.js").Job} Job */
/** @typedef {{size: number, width: number, height: number, url: string}} Thumbnail */
/** @typedef {{code: string, message: string} | null} Failure */
/** @typedef {{id: string, name: string, state: string, job: string, topic: string, width: number | null, height: number | null, placeholder: string | null, thumbnails: Thumbnail[], error: Failure}} Image */
/** @typedef {{state: string, fence: number, attempt: number, max_attempts: number, ready: number, progress: [number, number] | null}} Known What the server knows of a job. */
/** @typedef {{images: Image[], works: {now: number, by_job: Record<string, Known>}}} State */

export class Album {
  #images = new Map();
  #jobs = new Map(); // an event of a job may come before its image
  #ready = new Map(); // by job: since when it may run, by the server's clock
  #ahead = Infinity; // how far our clock is ahead of the server's, at most

  /** @param {State} state @param {number} now */
  constructor(state, now) {
    this.reset(state, now);
  }

  /** Everything anew, as after a gap. @param {State} state @param {number} now */
  reset({ images, works }, now) {
    const known = Object.entries(works.by_job);
    this.#ahead = Math.min(this.#ahead, now - works.now);
    this.#images = new Map(images.toReversed().map((image) => [image.id, image]));
    this.#jobs.clear();
    this.#ready.clear();
    known.forEach(([job, work]) => this.#begin(job, work));
  }

  /** Oldest first. */
  get all() {
    return [...this.#images.keys()].map((id) => this.get(id));
  }

  /** An image together with what its job last said; times are the page's own. */
  get(id) {
    const image = this.#images.get(id);
    const job = image && this.#jobs.get(image.job);
    if (!job) return image;
    const { state, progress, next_at, attempt, max_attempts: of } = job;
    const error = state === "failed" ? (job.error ?? image.error) : null;
    const retry = state === "retrying" ? { at: next_at + this.#ahead, attempt, of } : undefined;
    const ready = this.#ready.get(image.job);
    return { ...image, state, progress, error, retry, queuedAt: ready && ready + this.#ahead };
  }

  /** Takes in an event; returns the id of the image that looks different now. */
  apply({ type, data, ts, seq }, now) {
    if (seq !== undefined) this.#ahead = Math.min(this.#ahead, now - ts);
    if (!data) return undefined; // of an image that was removed since
    const sent = ts ?? now - this.#ahead;
    if (type === "image.created") return this.#add(data, sent);
    if (type === "image.deleted") return this.#images.delete(data.id) ? data.id : undefined;
    if (type === "image.seen") return this.#see(data);
    if (type === "image.again") return this.#again(data, sent);
    return this.#tell({ type, data }, sent);
  }

  #add(data, sent) {
    if (this.#images.has(data.id)) return undefined;
    this.#images.set(data.id, { ...data, thumbnails: [...data.thumbnails] });
    if (!this.#jobs.has(data.job)) this.#begin(data.job, { state: data.state, fence: 0, ready: sent });
    return data.id;
  }

  /** @param {string} job @param {Partial<Known>} known */
  #begin(job, { ready, progress, ...known }) {
    this.#jobs.set(job, { job, ...known, progress: progress ?? undefined, next_at: ready });
    this.#ready.set(job, ready);
  }

  #see({ id, ...seen }) {
    const image = this.#images.get(id);
    if (image) Object.assign(image, seen);
    return image?.id;
  }

  #again({ id, job, fence }, sent) {
    const image = this.#images.get(id);
    if (image) image.job = job;
    return image && this.#tell({ type: "job.accepted", data: { job, fence } }, sent);
  }

  #tell(event, sent) {
    const { type, data } = event;
    const before = this.#jobs.get(data.job);
    const job = withEvent(before, event);
    const image = this.#imageOf(data.job);
    const kept = image && type === "job.reply" && keepThumbnail(image, data.reply);
    if (job === before) return kept ? image.id : undefined;
    this.#jobs.set(data.job, job);
    if (job.state === "queued") this.#ready.set(data.job, sent);
    if (image && type === "job.succeeded") Object.assign(image, data.result);
    return image?.id;
  }

  #imageOf(job) {
    for (const image of this.#images.values()) if (image.job === job) return image;
    return undefined;
  }
}

function keepThumbnail(image, made) {
  const others = image.thumbnails.filter(({ size }) => size !== made.size);
  image.thumbnails = [...others, made].sort((one, other) => one.size - other.size);
  return true;
}
