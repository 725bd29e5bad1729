// The list of cards: one for each image, and one for each upload on its way.

import { isDone } from "./album.js";
import { about, sentence, uploading } from "./sentences.js";

/** The list of cards in the page, those that the server rendered included. */
export class Cards {
  #list;
  #blank;
  #empty;
  #base;
  #cards = new Map(); // by image id

  /** @param {HTMLElement} list @param {HTMLTemplateElement} template @param {HTMLElement} empty */
  constructor(list, template, empty, base) {
    [this.#list, this.#blank, this.#empty, this.#base] = [list, template, empty, base];
    for (const card of list.children) {
      this.#cards.set(card.dataset.id, card);
      part(card, "remove").hidden = false;
    }
  }

  /** A card for a file that is on its way. */
  add(file) {
    const card = this.#blank.content.firstElementChild.cloneNode(true);
    call(card, file.name);
    part(card, "progress").max = file.size || 1;
    this.#list.prepend(card);
    this.#empty.hidden = true;
    this.sending(card, 0, file.size);
    return card;
  }

  sending(card, sent, total) {
    card.dataset.state = "uploading";
    const bar = part(card, "progress");
    [bar.hidden, bar.max, bar.value] = [false, total || 1, sent];
    part(card, "again").hidden = true;
    say(card, uploading(sent, total));
  }

  unsent(card, message, lost) {
    card.dataset.state = lost ? "unsent" : "failed";
    part(card, "progress").hidden = true;
    part(card, "again").hidden = lost;
    part(card, "remove").hidden = false;
    say(card, message);
  }

  /** From now on this card is that image's; false if the image has one already. */
  adopt(card, id) {
    if (this.#cards.has(id)) return false;
    this.#cards.set(id, card);
    card.dataset.id = id;
    return true;
  }

  show(image, now) {
    const card = this.#cards.get(image.id) ?? this.#fresh(image);
    card.dataset.state = image.state;
    call(card, image.name);
    part(card, "progress").hidden = true;
    part(card, "again").hidden = true;
    part(card, "remove").hidden = false;
    say(card, sentence(image, now));
    part(card, "about").textContent = about(image);
    showPicture(card, image);
    this.#showSizes(card, image);
  }

  say(image, now) {
    const card = this.#cards.get(image.id);
    if (card) say(card, sentence(image, now));
  }

  /** Takes a card away; the focus, if it was there, goes to its neighbour. */
  remove(card) {
    const near = card.nextElementSibling ?? card.previousElementSibling;
    const focused = card.contains(document.activeElement);
    card.remove();
    this.#cards.delete(card.dataset.id);
    this.#empty.hidden = this.#list.childElementCount > 0;
    if (focused) (near ? part(near, "remove") : document.querySelector("#files"))?.focus();
  }

  removeImage(id) {
    const card = this.#cards.get(id);
    if (card) this.remove(card);
  }

  /** All cards that are no longer in the album go. */
  keep(ids) {
    for (const id of [...this.#cards.keys()]) if (!ids.has(id)) this.removeImage(id);
  }

  #fresh(image) {
    const card = this.#blank.content.firstElementChild.cloneNode(true);
    this.adopt(card, image.id);
    this.#list.prepend(card);
    this.#empty.hidden = true;
    return card;
  }

  #showSizes(card, { id, thumbnails }) {
    part(card, "original").href = `${this.#base}${id}/original/`;
    part(card, "sizes").hidden = !thumbnails.length;
    const list = part(card, "links");
    // Built once for each size: somebody may have the focus on a link.
    if (list.childElementCount === thumbnails.length + 1) return;
    const links = thumbnails.map(({ width, height, url }) => {
      const item = document.createElement("li");
      const link = Object.assign(document.createElement("a"), { href: url });
      link.textContent = `${width} × ${height}`;
      item.append(link);
      return item;
    });
    list.replaceChildren(...links, part(card, "original").parentElement);
  }
}

const part = (card, name) => card.querySelector(`[data-part="${name}"]`);

function call(card, name) {
  const line = part(card, "name");
  line.textContent = line.title = name;
  part(card, "summary").ariaLabel = `Sizes of ${name}`;
  part(card, "remove").ariaLabel = `Remove ${name}`;
}

function say(card, text) {
  const line = part(card, "status");
  if (line.textContent !== text) line.textContent = text;
}

// The next size is shown only when it is there: a picture is never taken away to load another.
function showPicture(card, image) {
  const made = image.thumbnails.at(-1);
  const shown = part(card, "picture");
  if (!made || shown.dataset.wanted === made.url) return;
  shown.dataset.wanted = made.url;
  const early = !isDone(image) && image.thumbnails.length === 1;
  const loading = new Image();
  loading.onload = () => {
    if (shown.dataset.wanted !== made.url) return;
    Object.assign(shown, { src: made.url, width: made.width, height: made.height, hidden: false });
    shown.classList.toggle("early", early);
  };
  loading.src = made.url;
}
