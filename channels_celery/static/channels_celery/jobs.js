// What is known of a job, event by event.

/**
 * The keys of `/jobs/<id>/` and of a job's events; times are milliseconds since 1970.
 * @typedef {"queued" | "running" | "retrying" | "succeeded" | "failed" | "cancelled"} JobState
 * @typedef {{job: string, state: JobState, fence: number, channel?: string, attempt?: number, max_attempts?: number, progress?: [number, number], next_at?: number, result?: any, large?: boolean, error?: {code: string, message: string}}} Job
 */

/** @type {Record<string, JobState>} */
const STATES = {
  "job.accepted": "queued",
  "job.started": "running",
  "job.progress": "running",
  "job.reply": "running",
  "job.retrying": "retrying",
  "job.succeeded": "succeeded",
  "job.failed": "failed",
  "job.cancelled": "cancelled",
};
// Of one attempt: what has come further is not undone by an event that comes late.
const STAGE = { queued: 0, running: 1, retrying: 2, succeeded: 3, failed: 3, cancelled: 3 };

/**
 * The job after an event of its topic; the same object if the event tells nothing new, as one does
 * of another job, of an attempt before (by its fence), or of progress made before. `job` is what
 * was known: nothing yet, a snapshot, or what this function returned. A reply says that the job
 * runs; what it holds is the page's to keep, so take each from its event, once.
 * @param {Job | undefined} job
 * @param {{type: string, data: any}} event
 * @returns {Job | undefined}
 */
export function withEvent(job, { type, data }) {
  const state = STATES[type];
  if (!state || !data || (job && (data.job !== job.job || isLate(job, state, data)))) return job;
  const { reply, key, ...told } = data;
  const { progress, next_at, result, large, error, ...lasting } = /** @type {Job} */ (job ?? {});
  const goesOn = state === "running" && job?.fence === data.fence;
  return { ...lasting, ...(goesOn && progress && { progress }), ...told, state };
}

/** Whether it has ended, until somebody redrives it. @param {Job} job */
export const isDone = ({ state }) => STAGE[state] === 3;

function isLate(job, state, { fence, progress }) {
  if (fence !== job.fence) return fence < job.fence;
  if (STAGE[state] !== STAGE[job.state]) return STAGE[state] < STAGE[job.state];
  return Boolean(progress && job.progress && progress[0] < job.progress[0]);
}
