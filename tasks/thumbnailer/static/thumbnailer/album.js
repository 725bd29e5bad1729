// What the page knows of the visitor's images: first from the server, then from events.

/** @typedef {{size: number, width: number, height: number, url: string}} Thumbnail */
/** @typedef {{code: string, message: string} | null} Failure */
/** @typedef {{id: string, name: string, state: string, job: string, topic: string, width: number | null, height: number | null, placeholder: string | null, thumbnails: Thumbnail[], error: Failure}} Image */
/** @typedef {{state: string, fence: number, attempt: number, max_attempts: number, ready: number, progress: [number, number] | null}} Known What the server knows of a job. */
/** @typedef {{images: Image[], works: {now: number, by_job: Record<string, Known>}}} State */
/** @typedef {{state?: string, fence: number, ended?: number, progress?: [number, number], queuedAt?: number, retry?: {at: number, attempt: number, of: number}, error?: Failure}} Work */

const OUTCOMES = new Set(["succeeded", "failed", "cancelled"]);

export const isDone = (image) => OUTCOMES.has(image.state);

export class Album {
  #images = new Map();
  #works = new Map(); // by job: an event of a job may come before its image
  #ahead = Infinity; // how far our clock is ahead of the server's, at most

  /** @param {State} state @param {number} now */
  constructor(state, now) {
    this.reset(state, now);
  }

  /** Everything anew, as after a gap. @param {State} state @param {number} now */
  reset({ images, works }, now) {
    this.#ahead = Math.min(this.#ahead, now - works.now);
    this.#images = new Map(images.toReversed().map((image) => [image.id, image]));
    const known = Object.entries(works.by_job).map(([job, work]) => [job, this.#begin(work)]);
    this.#works = new Map(known);
  }

  /** Oldest first. */
  get all() {
    return [...this.#images.keys()].map((id) => this.get(id));
  }

  /** An image together with what its job last said. */
  get(id) {
    const image = this.#images.get(id);
    if (!image) return undefined;
    const { fence, ended, ...told } = this.#works.get(image.job) ?? {};
    return { ...image, ...told };
  }

  /** Takes in an event; returns the id of the image that looks different now. */
  apply({ type, data, ts, seq }, now) {
    if (seq !== undefined) this.#ahead = Math.min(this.#ahead, now - ts);
    if (!data) return undefined; // of an image that was removed since
    if (type === "image.created") return this.#add(data, (ts ?? now) + (ts ? this.#ahead : 0));
    if (type === "image.deleted") return this.#images.delete(data.id) ? data.id : undefined;
    if (type === "image.seen") return this.#see(data);
    if (type === "image.again") return this.#again(data, ts + this.#ahead);
    if (!type.startsWith("job.")) return undefined;
    const work = this.#workOf(data.job);
    const stale = isStale(work, data.fence, seq);
    if (stale && seq === undefined) return undefined;
    if (!stale) CHANGES[type]?.(work, data, this.#ahead, now);
    work.fence = Math.max(work.fence, data.fence);
    const image = this.#imageOf(data.job);
    if (image && type === "job.reply") keepThumbnail(image, data.reply);
    if (image && type === "job.succeeded") Object.assign(image, data.result);
    return image?.id;
  }

  #begin({ state, fence, attempt, max_attempts: of, ready, progress }) {
    const at = ready + this.#ahead;
    const ended = OUTCOMES.has(state) ? fence : undefined;
    const more = state === "retrying" ? { retry: { at, attempt, of } } : { queuedAt: at };
    return { state, fence, ended, progress: progress ?? undefined, ...more };
  }

  #add(data, queuedAt) {
    if (this.#images.has(data.id)) return undefined;
    this.#images.set(data.id, { ...data, thumbnails: [...data.thumbnails] });
    const work = this.#workOf(data.job);
    work.queuedAt ??= queuedAt;
    return data.id;
  }

  #see({ id, ...seen }) {
    const image = this.#images.get(id);
    if (image) Object.assign(image, seen);
    return image?.id;
  }

  #again({ id, job, fence }, queuedAt) {
    const image = this.#images.get(id);
    const work = this.#workOf(job);
    if (!image || fence < work.fence) return undefined;
    image.job = job;
    become(work, "queued", { fence, queuedAt, progress: undefined });
    return id;
  }

  #workOf(job) {
    if (!this.#works.has(job)) this.#works.set(job, { fence: 0 });
    return this.#works.get(job);
  }

  #imageOf(job) {
    for (const image of this.#images.values()) if (image.job === job) return image;
    return undefined;
  }
}

// Volatile events overtake others and may be late: neither undoes what a newer attempt has said.
const isStale = (work, fence, seq) =>
  fence < work.fence || (seq === undefined && fence === work.ended);

const CHANGES = {
  "job.accepted": (work, _, __, now) => become(work, "queued", { queuedAt: now }),
  "job.started": (work) => become(work, "running", { progress: undefined }),
  "job.progress": (work, { progress }) => become(work, "running", { progress }),
  "job.reply": (work, { fence }) => {
    if (work.ended === undefined || fence > work.ended) become(work, "running");
  },
  "job.retrying": (work, { next_at, attempt, max_attempts: of }, ahead) =>
    become(work, "retrying", { retry: { at: next_at + ahead, attempt, of }, progress: undefined }),
  "job.succeeded": (work, { fence }) => end(work, "succeeded", fence),
  "job.failed": (work, { fence, error }) => end(work, "failed", fence, error),
  "job.cancelled": (work, { fence }) => end(work, "cancelled", fence),
};

function become(work, state, more = {}) {
  Object.assign(work, { state, ended: undefined, error: null, ...more });
}

function end(work, state, fence, error = null) {
  Object.assign(work, { state, ended: fence, error });
}

function keepThumbnail(image, made) {
  const others = image.thumbnails.filter(({ size }) => size !== made.size);
  image.thumbnails = [...others, made].sort((one, other) => one.size - other.size);
}
