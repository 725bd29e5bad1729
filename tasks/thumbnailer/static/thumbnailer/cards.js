// The list of cards, newest first.

import { part, preview, show, tell } from "./card.js";

export class Cards {
  #list;
  #blank;
  #empty;
  #cards = new Map(); // by image id

  /** @param {HTMLElement} list with what the server rendered @param {HTMLTemplateElement} template @param {HTMLElement} empty */
  constructor(list, template, empty) {
    [this.#list, this.#blank, this.#empty] = [list, template, empty];
    for (const card of list.children) this.#cards.set(card.dataset.id, card);
  }

  show(image, now) {
    show(this.#cards.get(image.id) ?? this.#add(image.id), image, now);
  }

  tell(image, now) {
    const card = this.#cards.get(image.id);
    if (card) tell(card, image, now);
  }

  preview(id, url) {
    const card = this.#cards.get(id);
    if (card) preview(card, url);
    else URL.revokeObjectURL(url);
  }

  /** Takes a card away; the focus, if it was there, goes to its neighbour. */
  remove(id) {
    const card = this.#cards.get(id);
    if (!card) return;
    const near = card.nextElementSibling ?? card.previousElementSibling;
    const focused = card.contains(document.activeElement);
    card.remove();
    this.#cards.delete(id);
    this.#empty.hidden = this.#cards.size > 0;
    if (focused) (near ? part(near, "remove").querySelector("button") : document.querySelector("#files")).focus();
  }

  /** All cards of other images go. */
  keep(ids) {
    for (const id of [...this.#cards.keys()]) if (!ids.has(id)) this.remove(id);
  }

  #add(id) {
    const card = this.#blank.content.firstElementChild.cloneNode(true);
    this.#cards.set(id, card);
    this.#list.prepend(card);
    this.#empty.hidden = true;
    return card;
  }
}
