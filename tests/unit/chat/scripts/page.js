// Loads a module of the room's page together with what it imports from beside it.

import { readFileSync } from "node:fs";

const FOLDER = "../../../../realtime/chat/static/chat/";

/** Older Nodes take a .js file outside a package for CommonJS; an address says what it is. */
export const load = (name) => import(address(name));

function address(name) {
  const source = readFileSync(new URL(FOLDER + name, import.meta.url), "utf8");
  const whole = source.replace(/from "\.\/(\w+\.js)"/g, (_, beside) => `from "${address(beside)}"`);
  return `data:text/javascript;base64,${Buffer.from(whole).toString("base64")}`;
}
