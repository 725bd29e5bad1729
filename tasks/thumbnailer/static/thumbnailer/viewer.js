// The dialog with an image's sizes and their links to copy.

import { onCard, part } from "./card.js";
import { about } from "./sentences.js";

const SIZE = 640; // pixels of the thumbnail that the dialog shows, also on a fine screen
const COPIED_MS = 2000; // for how long a button says that it has worked

/** The thumbnail for the dialog, of those there are. */
const inDialog = (thumbnails) => thumbnails.findLast(({ size }) => size <= SIZE) ?? thumbnails[0];

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
    const picture = dialog.querySelector("img");
    picture.addEventListener("load", () => (picture.style.backgroundImage = ""));
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
    const [picture, original] = [this.#dialog.querySelector("img"), part(this.#dialog, "original")];
    const { url: src, width, height } = inDialog(thumbnails);
    if (picture.getAttribute("src") !== src) {
      Object.assign(picture, { src, width, height, alt: name });
      // Until it has come, the card's, which is here already.
      picture.style.backgroundImage = `url("${new URL(onCard(thumbnails).url, location.href)}")`;
    }
    this.#dialog.querySelector("h2 bdi").textContent = name;
    part(this.#dialog, "about").textContent = about(image);
    original.href = this.#path(id);
    const list = part(this.#dialog, "list");
    thumbnails.forEach((made, index) => {
      const row = list.children[index];
      // A smaller one may come after a larger one: rows stay what they are, with their focus.
      if (row?.dataset.size !== String(made.size)) list.insertBefore(this.#row(made), row ?? null);
    });
  }

  /** The image has gone. */
  remove(id) {
    if (id === this.#id) this.#dialog.close();
  }

  #row({ size: longest, url, width, height }) {
    const row = this.#blank.content.firstElementChild.cloneNode(true);
    const size = `${width} × ${height}`;
    row.dataset.size = longest;
    Object.assign(part(row, "link"), { href: url, textContent: size });
    const [button, field] = [part(row, "copy"), part(row, "address")];
    Object.assign(field, { value: new URL(url, location.href).href, ariaLabel: `Link to ${size}` });
    button.ariaLabel = `Copy link to ${size}`;
    button.addEventListener("click", () => this.#copy(field, button));
    return row;
  }

  async #copy(field, button) {
    const isDone = await copied(field.value);
    this.#say(isDone ? "Link copied." : "The link is selected: copy it from there.");
    field.hidden = isDone;
    if (!isDone) return field.select();
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy link"), COPIED_MS);
  }
}

// Without TLS a page has no clipboard, only the old command.
async function copied(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  let isHeard = false;
  const fill = (event) => {
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
    isHeard = true;
  };
  document.addEventListener("copy", fill, { once: true });
  const isDone = document.execCommand("copy");
  document.removeEventListener("copy", fill);
  return isDone && isHeard;
}
