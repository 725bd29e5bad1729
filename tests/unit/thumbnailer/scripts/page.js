// Loads a module of the page; one without imports of its own.

import { readFileSync } from "node:fs";

const FOLDER = "../../../../tasks/thumbnailer/static/thumbnailer/";

/** Older Nodes take a .js file outside a package for CommonJS; an address says what it is. */
export function load(name) {
  const source = readFileSync(new URL(FOLDER + name, import.meta.url));
  return import(`data:text/javascript;base64,${source.toString("base64")}`);
}
