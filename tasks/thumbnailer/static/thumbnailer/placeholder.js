// A small picture until there is a thumbnail: of a file that is on its way, or from a BlurHash.

import { pixels } from "./blurhash.js";

const SIDE = 32; // pixels: it is shown blurred

let busy = Promise.resolve();

/** An address of the picture, or null of a file that the browser can not read. One at a time:
 * forty photos decoded at once would take the memory of a phone.
 * @param {File} file @returns {Promise<string | null>} */
export function placeholder(file) {
  const made = busy.then(() => make(file)).catch(() => null);
  busy = made;
  return made;
}

/** An address of what the server says an image looks like.
 * @param {{placeholder: string, width: number, height: number}} image @returns {Promise<string>} */
export function blurred({ placeholder: hash, width, height }) {
  const scale = SIDE / Math.max(width, height);
  const [across, down] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const data = new ImageData(pixels(hash, across, down), across, down);
  return address(across, down, (canvas) => canvas.putImageData(data, 0, 0));
}

async function make(file) {
  const picture = await createImageBitmap(file, { resizeWidth: SIDE });
  const made = await address(picture.width, picture.height, (canvas) => canvas.drawImage(picture, 0, 0));
  picture.close();
  return made;
}

async function address(width, height, draw) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  draw(canvas.getContext("2d"));
  const content = await new Promise((resolve) => canvas.toBlob(resolve));
  return URL.createObjectURL(content);
}
