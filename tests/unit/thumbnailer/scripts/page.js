// Loads a module of the page and the modules that it imports.

import { readFileSync } from "node:fs";

const FOLDER = new URL("../../../../tasks/thumbnailer/static/thumbnailer/", import.meta.url);
const LIBRARY = new URL("../../../../channels_celery/static/channels_celery/", import.meta.url);

/** Older Nodes take a .js file outside a package for CommonJS; an address says what it is. */
export const load = (name) => import(address(new URL(name, FOLDER)));

function address(file) {
  const source = readFileSync(file, "utf8");
  const whole = source.replace(/ from "(\.\.\/channels_celery|\.)\/(.+?)"/g, (_, folder, other) => {
    return ` from "${address(new URL(other, folder === "." ? FOLDER : LIBRARY))}"`;
  });
  return `data:text/javascript;base64,${Buffer.from(whole).toString("base64")}`;
}
