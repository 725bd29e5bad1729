// Frames for people: what binary means in a field and in the log, sizes and times.

export class BadBytes extends Error {}

const SHOWN_BYTES = 512; // of a long frame
const SHOWN_LETTERS = 2000;

/** "68 69" as bytes; throws BadBytes with a sentence for the person. */
export function bytesOf(text) {
  const digits = text.replace(/\s+/g, "");
  const bad = digits.match(/[^0-9a-f]/iu);
  if (bad) throw new BadBytes(`Write bytes as pairs of 0–9 and a–f, such as 00 ff 68: “${bad[0]}” is neither.`);
  if (digits.length % 2) throw new BadBytes("The last byte has only one of its two digits.");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");

export const sizeOf = (frame) => (typeof frame === "string" ? new TextEncoder().encode(frame).length : frame.byteLength);

/** "text, 5 bytes" */
export function aboutOf(frame) {
  const size = sizeOf(frame);
  return `${typeof frame === "string" ? "text" : "binary"}, ${size} ${size === 1 ? "byte" : "bytes"}`;
}

/** What the log shows of a frame. */
export function shownOf(frame) {
  if (typeof frame === "string") return frame.length > SHOWN_LETTERS ? `${frame.slice(0, SHOWN_LETTERS)} …` : frame;
  const bytes = new Uint8Array(frame);
  return hexOf(bytes.subarray(0, SHOWN_BYTES)) + (bytes.length > SHOWN_BYTES ? " …" : "");
}

export function isSame(one, other) {
  if (typeof one === "string" || typeof other === "string") return one === other;
  return hexOf(new Uint8Array(one)) === hexOf(new Uint8Array(other));
}

/** "0.8 ms", "12 ms". */
export const tookOf = (ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

/** The line above the log. `times` are the round trips in ms, in order. */
export function figuresOf(sent, lost, times) {
  if (!sent) return "Nothing sent yet.";
  const parts = [`${sent} sent`, `${times.length} came back`];
  if (lost) parts.push(`${lost} lost with the connection`);
  if (!times.length) return `${parts.join(", ")}.`;
  const sorted = [...times].sort((one, other) => one - other);
  const middle = (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
  return `${parts.join(", ")}. Round trip: last ${tookOf(times.at(-1))}, median ${tookOf(middle)}, longest ${tookOf(sorted.at(-1))}.`;
}
