// What the page says of an image, in one sentence; sentences.py says the same without scripts.

const SECONDS_UNTIL_TOLD = 10; // a shorter wait is not worth a number

/** Whether the sentence changes by itself as time goes by. */
export const ticks = (image) => image.state === "queued" || image.state === "retrying";

/** Whether trying again can help: circumstances change, a file does not. */
export const canHelp = ({ state, error }) =>
  state === "unsent" || (hasFailed(state) && error?.code !== "failed");

const hasFailed = (state) => state === "failed" || state === "refused";

export function sentence(image, now) {
  return (SENTENCES[image.state] ?? (() => image.state))(image, now);
}

const SENTENCES = {
  waiting: () => "Waiting for the other uploads",
  uploading: ({ sent, total }) => uploading(sent, total),
  unsent: ({ error }) =>
    error?.message ?? "Not sent yet: it goes off by itself when the server can be reached.",
  refused: ({ error }) => error.message,
  queued: ({ queuedAt }, now) => {
    const seconds = queuedAt === undefined ? 0 : Math.floor((now - queuedAt) / 1000);
    return "Waiting for a worker" + (seconds >= SECONDS_UNTIL_TOLD ? ` for ${duration(seconds)}` : "");
  },
  running: ({ progress: [done, total] = [0, 0] }) =>
    "Making thumbnails" + (done ? `, ${done} of ${total}` : ""),
  retrying: ({ retry }, now) => {
    const seconds = Math.ceil((retry.at - now) / 1000);
    const when = seconds > 0 ? `in ${duration(seconds)}` : "now";
    return `Trying again ${when}, attempt ${retry.attempt + 1} of ${retry.of}`;
  },
  succeeded: () => "",
  failed: ({ error }) => error?.message ?? "The work failed.",
  cancelled: () => "The work was cancelled.",
};

/** How far a batch is: "2 of 3 done". */
export function summary(states) {
  const failed = states.filter(hasFailed).length;
  const done = states.filter((state) => state === "succeeded").length;
  const cancelled = states.filter((state) => state === "cancelled").length;
  const told = [`${done} of ${states.length} done`];
  if (failed) told.push(`${failed} failed`);
  if (cancelled) told.push(`${cancelled} cancelled`);
  return told.join(", ");
}

/** What is known of the picture itself. */
export const about = ({ width, height }) => (width ? `${width} × ${height} pixels` : "");

function uploading(sent, total) {
  if (total < 1_000) return "Uploading";
  const [unit, name] = total < 1_000_000 ? [1_000, "kB"] : [1_000_000, "MB"];
  const digits = total / unit < 10 ? 1 : 0;
  return `Uploading, ${(sent / unit).toFixed(digits)} of ${(total / unit).toFixed(digits)} ${name}`;
}

function duration(seconds) {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
