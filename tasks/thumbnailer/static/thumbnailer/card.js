// One card: an image, or a file that is on its way to be one.

import { blurred } from "./placeholder.js";
import { about, canHelp, sentence } from "./sentences.js";

const SIZE = 320; // pixels of the thumbnail that a card shows
const UNDER_WAY = new Set(["waiting", "uploading", "unsent"]);

/** A named part of a card or of the viewer. @returns {HTMLElement} */
export const part = (root, name) => root.querySelector(`[data-part="${name}"]`);

/** The thumbnail for a card, of those there are. */
export const onCard = (thumbnails) => thumbnails.findLast(({ size }) => size <= SIZE) ?? thumbnails[0];

/** Shows all that is known of the image. */
export function show(card, image, now) {
  const { state, name, thumbnails } = image;
  [card.dataset.id, card.dataset.state] = [image.id, state];
  const line = part(card, "name");
  if (line.textContent !== name) line.textContent = line.title = name;
  part(card, "about").textContent = about(image);
  showActions(card, image);
  showProgress(part(card, "progress"), image);
  tell(card, image, now);
  if (image.placeholder) showPlaceholder(card, image);
  if (thumbnails.length) showPicture(card, onCard(thumbnails));
}

/** Says where the image is now. */
export function tell(card, image, now) {
  const [line, text] = [part(card, "status"), sentence(image, now)];
  if (line.textContent !== text) line.textContent = text;
}

/** Shows a blurred picture until there is a thumbnail. */
export function preview(card, url) {
  const picture = part(card, "picture");
  picture.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
  if (!picture.dataset.wanted) put(picture, { url, width: 1, height: 1 }, true);
}

function showActions(card, { state, name, thumbnails, ...image }) {
  const isOpen = thumbnails.length > 0;
  const again = canHelp({ state, ...image });
  const replace = !again && (state === "failed" || state === "refused");
  const shown = { sizes: isOpen && !again && !replace, replace, again, remove: true };
  const labels = { sizes: "Sizes of", replace: "Replace", again: "Try again with", remove: "Remove" };
  if (UNDER_WAY.has(state)) labels.remove = "Cancel the upload of";
  for (const [action, isShown] of Object.entries(shown)) {
    const place = part(card, action);
    // Focus is never lost with a button: what removes the image is always there.
    if (!isShown && place.contains(document.activeElement)) button(part(card, "remove")).focus();
    place.hidden = !isShown;
    button(place).ariaLabel = `${labels[action]} ${name}`;
  }
  button(part(card, "remove")).textContent = UNDER_WAY.has(state) ? "Cancel" : "Remove";
  if (isOpen) Object.assign(part(card, "open"), { href: onCard(thumbnails).url, ariaLabel: `Sizes of ${name}` });
}

const button = (place) => (place.matches("button") ? place : place.querySelector("button"));

function showProgress(bar, { state, sent, total, progress }) {
  const [done, of, label] = state === "uploading" ? [sent, total, "Uploaded"] : [...(progress ?? [0, 0]), "Made"];
  bar.hidden = !((state === "uploading" || state === "running") && of);
  [bar.max, bar.value, bar.ariaLabel] = [of || 1, done, label];
}

// Once, and not over what the browser itself has made of the file.
function showPlaceholder(card, image) {
  const picture = part(card, "picture");
  if (!picture.hidden || picture.dataset.placeholder) return;
  picture.dataset.placeholder = image.placeholder;
  blurred(image).then((url) => (picture.hidden ? preview(card, url) : URL.revokeObjectURL(url)));
}

// It is shown only when it is there: a picture is never taken away to load another.
function showPicture(card, made) {
  const picture = part(card, "picture");
  if (picture.dataset.wanted === made.url) return;
  picture.dataset.wanted = made.url;
  const loading = new Image();
  loading.onload = () => picture.dataset.wanted === made.url && put(picture, made, false);
  loading.src = made.url;
}

function put(picture, { url, width, height }, early) {
  Object.assign(picture, { src: url, width, height, hidden: false });
  picture.classList.toggle("early", early);
}
