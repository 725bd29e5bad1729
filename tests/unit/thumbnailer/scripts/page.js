// Loads a module of the page and the modules that it imports.

import { readFileSync } from "node:fs";

const FOLDER = "../../../../tasks/thumbnailer/static/thumbnailer/";

/** Older Nodes take a .js file outside a package for CommonJS; an address says what it is. */
export const load = (name) => import(address(name));

function address(name) {
  const source = readFileSync(new URL(FOLDER + name, import.meta.url), "utf8");
  const whole = source.replace(/ from "\.\/(.+?)"/g, (_, other) => ` from "${address(other)}"`);
  return `data:text/javascript;base64,${Buffer.from(whole).toString("base64")}`;
}
