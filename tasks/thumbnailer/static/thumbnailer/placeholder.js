// A small picture of a file that is on its way, made by the browser itself.

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

async function make(file) {
  const picture = await createImageBitmap(file, { resizeWidth: SIDE });
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [picture.width, picture.height];
  canvas.getContext("2d").drawImage(picture, 0, 0);
  picture.close();
  const content = await new Promise((resolve) => canvas.toBlob(resolve));
  return URL.createObjectURL(content);
}
