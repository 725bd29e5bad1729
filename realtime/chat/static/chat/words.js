// Sentences of the room's page.

const DAY_MS = 86_400_000;

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const date = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const farDate = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });

export const timeOf = (sent) => clock.format(sent);
export const exactTimeOf = (sent) => exact.format(sent);

/** "Today", "Yesterday", or the date. */
export function dayOf(sent, now) {
  if (sameDay(sent, now)) return "Today";
  if (sameDay(sent, now - DAY_MS)) return "Yesterday";
  return (now - sent < 300 * DAY_MS ? date : farDate).format(sent);
}

export const pillOf = (count) =>
  count === 0 ? "Newest messages" : count === 1 ? "1 new message" : `${count} new messages`;

export const hereOf = (count) => (count === 1 ? "Only you are here" : `${count} people are here`);

/** Who types, as pieces: names are isolated from the text around them. */
export function typingOf(names) {
  if (names.length === 0) return [];
  if (names.length === 1) return [{ name: names[0] }, " is typing"];
  if (names.length === 2) return [{ name: names[0] }, " and ", { name: names[1] }, " are typing"];
  return [`${names.length} people are typing`];
}

/** What was not done and why, by the error that the client gives. */
export const problemOf = (what, { code, message }) => `${what}: ${PROBLEMS[code] ?? message}`;

const PROBLEMS = {
  closed: "the connection has ended. Reload the page.",
  denied: "you may not write here. Reload the page.",
  expired: "it has waited too long. Send it again.",
  full: "too much is waiting to be sent. Try again in a moment.",
  visitor_changed: "you have signed in or out meanwhile. Send it again.",
};

const sameDay = (one, other) => new Date(one).toDateString() === new Date(other).toDateString();
