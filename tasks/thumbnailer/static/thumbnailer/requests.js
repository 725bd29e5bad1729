// What the page asks of the server about one image.

/** Removes an image or has its work done again.
 * @returns {Promise<string | undefined>} a sentence when that could not be done */
export async function change(method, path, token) {
  const headers = { "X-CSRFToken": token, Accept: "application/json" };
  const answer = await fetch(path, { method, headers }).catch(() => null);
  if (answer?.ok || answer?.status === 404) return undefined;
  if (answer?.status === 403) return "This page is too old. Reload it and try again.";
  const said = await answer?.json().catch(() => null);
  return said?.error?.message ?? "The server can not be reached. Try again in a moment.";
}

/** All images and the work on them. */
export async function state(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return answer.json();
}

/** A random UUID; `crypto.randomUUID` is not there on a page without TLS. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  [bytes[6], bytes[8]] = [(bytes[6] & 15) | 64, (bytes[8] & 63) | 128];
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
