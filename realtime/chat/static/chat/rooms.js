// The list of rooms: new ones appear, and each says how much has not been read in it.

import { positionOf } from "../channels_celery/client.js";
import { part } from "./messages.js";

export class Rooms {
  #aside;
  #list;

  constructor(connection, aside) {
    this.#aside = aside;
    this.#list = aside.querySelector("#room-list");
    const topic = aside.dataset.topic;
    const onGap = () => {}; // the next page load lists them all
    connection.subscribe(topic, { since: positionOf(aside), onEvent: (event) => this.#apply(event), onGap });
    for (const entry of this.#list.children) this.#show(entry);
    // The sheet of a phone that is turned: there the list stands beside the room.
    matchMedia("(min-width: 48.01rem)").addEventListener("change", ({ matches }) => {
      if (matches && aside.popover) aside.hidePopover();
    });
    // Another tab has read it.
    addEventListener("storage", () => [...this.#list.children].forEach((entry) => this.#show(entry)));
  }

  /** Everything up to this number has been seen. */
  read(room, number) {
    if (number > (seen(room) ?? -1)) remember(room, number);
    const entry = this.#entry(room);
    if (entry) this.#show(entry);
  }

  #apply({ type, data }) {
    if (type === "room.opened" && !this.#entry(data.room)) this.#add(data);
    if (type !== "room.active") return;
    const entry = this.#entry(data.room);
    if (!entry) return;
    entry.dataset.number = Math.max(data.number, entry.dataset.number);
    this.#show(entry);
  }

  #entry(room) { return this.#list.querySelector(`[data-room="${CSS.escape(room)}"]`); }

  // At the end: what somebody is about to choose must not move.
  #add({ room, name, number, url }) {
    const entry = this.#aside.querySelector("#entry").content.firstElementChild.cloneNode(true);
    Object.assign(entry.dataset, { room, number });
    part(entry, "name").textContent = name;
    entry.querySelector("a").href = url;
    this.#list.append(entry);
    this.#aside.querySelector("#no-rooms").hidden = true;
    this.#show(entry);
  }

  #show(entry) {
    const { room, number } = entry.dataset;
    // A room that nobody has entered from here begins to count now.
    if (seen(room) === null) remember(room, number);
    const count = Math.max(0, number - seen(room));
    const badge = part(entry, "count");
    badge.hidden = count === 0 || entry.querySelector("[aria-current]") !== null;
    badge.textContent = count > 99 ? "99+" : count;
    badge.title = `${count} not read`;
  }
}

// A browser may keep nothing for this site: then nothing counts as unread after a reload.
const memory = new Map();
const key = (room) => `chat.read.${room}`;

function seen(room) {
  let kept = memory.get(room) ?? null;
  try { kept = localStorage.getItem(key(room)) ?? kept; } catch { /* as above */ }
  return kept === null ? null : Number(kept);
}

function remember(room, number) {
  memory.set(room, number);
  try { localStorage.setItem(key(room), number); } catch { /* as above */ }
}
