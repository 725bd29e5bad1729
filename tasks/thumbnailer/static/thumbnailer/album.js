// What the page knows of the visitor's images: first from the server, then from events.

/** @typedef {{size: number, width: number, height: number, url: string}} Thumbnail */
/** @typedef {{id: string, name: string, state: string, job: string, topic: string, width: number | null, height: number | null, thumbnails: Thumbnail[], error: {code: string, message: string} | null}} Image */
/** @typedef {{state?: string, fence: number, ended?: number, progress?: [number, number], queuedAt?: number, retry?: {at: number, attempt: number, of: number}, error?: object | null}} Work */

const OUTCOMES = new Set(["succeeded", "failed", "cancelled"]);
const UNKNOWN = Infinity; // the fence of an outcome that the page was rendered with

export const isDone = (image) => OUTCOMES.has(image.state);

export class Album {
  #images = new Map();
  #works = new Map(); // by job: an event of a job may come before its image

  /** @param {Image[]} images newest first */
  constructor(images) {
    this.reset(images);
  }

  /** Everything anew, as after a gap. */
  reset(images) {
    this.#works.clear();
    this.#images = new Map(images.toReversed().map((image) => [image.id, image]));
    for (const image of images)
      this.#works.set(image.job, { fence: 0, ended: isDone(image) ? UNKNOWN : undefined });
  }

  /** Oldest first. */
  get all() {
    return [...this.#images.keys()].map((id) => this.get(id));
  }

  /** An image together with what its job last said. */
  get(id) {
    const image = this.#images.get(id);
    return image && { ...image, ...this.#told(image.job) };
  }

  /** Takes in an event; returns the id of the image that looks different now. */
  apply({ type, data, ts, seq }, now) {
    if (type === "image.created") return this.#add(data, now);
    if (type === "image.deleted") return this.#images.delete(data.id) ? data.id : undefined;
    if (!type.startsWith("job.")) return undefined;
    const work = this.#works.get(data.job) ?? { fence: 0 };
    this.#works.set(data.job, work);
    if (seq === undefined && this.#isStale(work, data.fence)) return undefined;
    work.fence = Math.max(work.fence, data.fence);
    CHANGES[type]?.(work, data, now - (ts ?? now), now);
    const image = this.#imageOf(data.job);
    if (image && type === "job.reply") keepThumbnail(image, data.reply);
    if (image && type === "job.succeeded") Object.assign(image, data.result);
    return image?.id;
  }

  #add(data, now) {
    if (this.#images.has(data.id)) return undefined;
    this.#images.set(data.id, { ...data, thumbnails: [...data.thumbnails] });
    const work = this.#works.get(data.job) ?? { fence: 0 };
    this.#works.set(data.job, { queuedAt: now, ...work });
    return data.id;
  }

  // Volatile events may be late: they must not undo an outcome or a newer attempt.
  #isStale(work, fence) {
    return fence < work.fence || work.ended === UNKNOWN || fence === work.ended;
  }

  #told(job) {
    const { fence, ended, ...told } = this.#works.get(job) ?? {};
    return told;
  }

  #imageOf(job) {
    for (const image of this.#images.values()) if (image.job === job) return image;
    return undefined;
  }
}

const CHANGES = {
  "job.accepted": (work, _, __, now) => become(work, "queued", { queuedAt: now }),
  "job.started": (work) => become(work, "running"),
  "job.progress": (work, { progress }) => become(work, "running", { progress }),
  "job.reply": (work, { fence }) => {
    if (work.ended === undefined || fence > work.ended) become(work, "running");
  },
  // The server's clock may differ from ours: only how far off the moment is counts.
  "job.retrying": (work, { next_at, attempt, max_attempts }, behind) =>
    become(work, "retrying", { retry: { at: next_at + behind, attempt, of: max_attempts } }),
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
