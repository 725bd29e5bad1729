// Sentences of the room's page.

const DAY_MS = 86_400_000;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
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

/** Who types, as pieces: names are isolated from the text around them. */
export function typingOf(names) {
  if (names.length === 0) return [];
  if (names.length === 1) return [{ name: names[0] }, " is typing"];
  if (names.length === 2) return [{ name: names[0] }, " and ", { name: names[1] }, " are typing"];
  return [`${names.length} people are typing`];
}

/** Why something was not sent, by the error that the client gives. */
export function problemOf({ code, message }) {
  if (code === "closed") return "Not sent: the connection has ended. Reload the page.";
  if (code === "visitor_changed") return "Not sent: you have signed in or out meanwhile.";
  if (code === "denied") return "Not sent: you may not write here. Reload the page.";
  return `Not sent: ${message}`;
}

const sameDay = (one, other) => new Date(one).toDateString() === new Date(other).toDateString();
