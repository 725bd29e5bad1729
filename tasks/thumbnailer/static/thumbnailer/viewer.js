// The dialog with an image's sizes and their links to copy.

import { part } from "./card.js";
import { about } from "./sentences.js";

const COPIED_MS = 2000; // for how long a button says that it has worked

export class Viewer {
  #dialog;
  #blank;
  #told;
  #path;
  #say;
  #id;

  /** @param {HTMLDialogElement} dialog @param {HTMLTemplateElement} size @param {HTMLElement} told
   * what is announced; while the dialog is open all outside of it is silent
   * @param {(id: string) => string} path of an original @param {(text: string) => void} say */
  constructor(dialog, size, told, path, say) {
    [this.#dialog, this.#blank, this.#told, this.#path, this.#say] = [dialog, size, told, path, say];
    part(dialog, "close").addEventListener("click", () => dialog.close());
    // The dialog itself is hit only beside its content.
    dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
    dialog.addEventListener("close", () => {
      this.#id = undefined;
      dialog.after(told);
    });
  }

  open(image) {
    if (!image?.thumbnails.length || this.#dialog.open) return;
    this.#id = image.id;
    part(this.#dialog, "list").replaceChildren();
    this.update(image);
    this.#dialog.append(this.#told);
    this.#dialog.showModal();
  }

  /** Shows what is new of the image, if it is this one. */
  update({ id, name, thumbnails, ...image }) {
    if (id !== this.#id) return;
    const [picture, list, original] = [this.#dialog.querySelector("img"), part(this.#dialog, "list"), part(this.#dialog, "original")];
    const { url: src, width, height } = thumbnails.at(-1);
    if (picture.getAttribute("src") !== src) Object.assign(picture, { src, width, height, alt: name });
    this.#dialog.querySelector("h2 bdi").textContent = name;
    part(this.#dialog, "about").textContent = about(image);
    original.href = this.#path(id);
    thumbnails.forEach((made, at) => this.#keepRow(list, list.children[at] ?? null, made));
  }

  /** The image has gone. */
  remove(id) {
    if (id === this.#id) this.#dialog.close();
  }

  // The page's own size is made first: a smaller one comes before it.
  #keepRow(list, present, made) {
    if (part(present ?? this.#blank.content, "link").getAttribute("href") !== made.url) list.insertBefore(this.#row(made), present);
  }

  #row({ url, width, height }) {
    const row = this.#blank.content.firstElementChild.cloneNode(true);
    const size = `${width} × ${height}`;
    const address = new URL(url, location.href).href;
    Object.assign(part(row, "link"), { href: url, textContent: size });
    const field = Object.assign(part(row, "address"), { value: address, ariaLabel: `Link to ${size}` });
    field.addEventListener("focus", () => field.select());
    const button = Object.assign(part(row, "copy"), { ariaLabel: `Copy link to ${size}` });
    button.addEventListener("click", () => this.#copy(field, button));
    return row;
  }

  async #copy(field, button) {
    const isDone = await copied(field);
    this.#say(isDone ? "Link copied." : "The link is selected: copy it from there.");
    if (!isDone) return field.focus();
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy link"), COPIED_MS);
  }
}

// Without TLS a page has no clipboard; the old command needs the text to be selected.
async function copied(field) {
  if (navigator.clipboard)
    return navigator.clipboard.writeText(field.value).then(() => true, () => false);
  const back = document.activeElement;
  field.select();
  const isDone = document.execCommand("copy");
  back?.focus();
  return isDone;
}
