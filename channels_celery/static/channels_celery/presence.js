// Who is present on a topic that the page follows.

/** @typedef {{id: string, name: string}} Member */
/** @typedef {import("./client.js").Follower & {onPresent: (members: Member[], n: number) => void}} PresentFollower */

const AGAIN_MS = 3000; // a count that does not fit is asked about again after so long

/**
 * Makes a follower that hears who is present too, where the topic's rule grants it:
 * `connection.subscribe(topic, withPresence(connection, topic, { onEvent, onPresent }))`.
 * `onPresent` gets the members that the server names, who have been there longest, and their number;
 * joins and leaves do not reach `onEvent`.
 * @param {{ask: (frame: any, onAnswer: (answer: any) => void) => void}} connection
 * @param {string} topic
 * @param {PresentFollower} follower
 * @returns {import("./client.js").Follower}
 */
export function withPresence(connection, topic, { onPresent, onEvent, onLive, ...follower }) {
  /** @type {Map<string, Member>} */
  const members = new Map();
  let n = 0;
  let followed = () => false; // a list that comes after the topic was left is nobody's
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const tell = () => onPresent([...members.values()], n);
  const ask = () =>
    followed() &&
    connection.ask({ op: "presence", topic }, (answer) => {
      if (answer.op !== "presence" || !followed()) return; // it is not granted, or nothing can be sent
      members.clear();
      for (const member of answer.members) members.set(member.id, member);
      n = answer.n;
      tell();
    });

  /** @param {1 | -1} sign @param {{members: Member[], n: number}} data */
  function change(sign, data) {
    for (const member of data.members) {
      if (sign === 1) members.set(member.id, member);
      else members.delete(member.id);
    }
    // One was missed, or was counted in the answer already.
    if (n + sign * data.members.length !== data.n)
      timer ??= setTimeout(() => {
        timer = undefined;
        ask();
      }, AGAIN_MS);
    n = data.n;
    tell();
  }

  return {
    ...follower,
    onLive(isFollowed) {
      followed = isFollowed;
      ask();
      onLive?.(isFollowed);
    },
    onEvent(event) {
      if (event.type === "presence.join") change(1, event.data);
      else if (event.type === "presence.leave") change(-1, event.data);
      else onEvent(event);
    },
  };
}
