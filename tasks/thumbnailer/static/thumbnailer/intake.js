// The ways in which files come to the page: chosen, taken by the camera, dropped, pasted.

const brought = (event) => event.dataTransfer?.types.includes("Files");

/**
 * Hands over files from wherever they come. A drop counts anywhere on the page: a file that
 * misses the zone must not replace the page.
 * @param {{zone: HTMLElement, inputs: HTMLInputElement[], take: (files: File[]) => void, refuse: (why: string) => void}} page
 */
export function listen({ zone, inputs, take, refuse }) {
  for (const input of inputs) {
    const chosen = () => {
      take([...input.files]);
      input.value = ""; // the same file may be chosen again
    };
    input.addEventListener("change", chosen);
    if (input.files.length) chosen(); // before the scripts had come
  }
  // Each element that the pointer crosses says enter and leave: only the depth tells the edge.
  let depth = 0;
  const light = (now) => zone.classList.toggle("over", (depth = Math.max(0, now)) > 0);
  const on = (type, action) =>
    document.addEventListener(type, (event) => brought(event) && action(event));
  on("dragenter", (event) => (event.preventDefault(), light(depth + 1)));
  // Without a related target the pointer has left the window, whatever was counted.
  on("dragleave", ({ relatedTarget }) => light(relatedTarget ? depth - 1 : 0));
  on("dragover", (event) => {
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  on("drop", (event) => {
    event.preventDefault();
    light(0);
    const { files, folders } = sorted(event.dataTransfer);
    if (folders) refuse("A folder can not be sent. Drop the images that are in it.");
    take(files);
  });
  document.addEventListener("paste", ({ clipboardData }) => take([...clipboardData.files].map(named)));
}

function sorted({ items, files }) {
  const entries = [...items].filter(({ kind }) => kind === "file");
  const isFolder = entries.map((item) => item.webkitGetAsEntry?.()?.isDirectory ?? false);
  return {
    files: [...files].filter((_, index) => !isFolder[index]),
    folders: isFolder.filter(Boolean).length,
  };
}

// A copied picture has no name of its own: browsers call each of them image.png.
function named(file) {
  if (file.name !== "image.png") return file;
  const time = new Date().toTimeString().slice(0, 8).replaceAll(":", ".");
  return new File([file], `Pasted at ${time}.png`, { type: file.type });
}
