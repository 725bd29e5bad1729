// Who one is here is decided by the page: signed in or out in another tab, it has to be another one.

const KEY = "site.visitor"; // where each page tells the other tabs whose it is
const RELOADS = "site.reloads";
const MINUTE_MS = 60_000;
const RELOADS_A_MINUTE = 4;
const LEAVE_MS = 10_000; // a page that somebody leaves is left by then, or they stay

const here = document.body.dataset.visitor;
if (here !== undefined) quietly(() => localStorage.setItem(KEY, here));

let left = -LEAVE_MS;
addEventListener("beforeunload", () => (left = performance.now()));

/**
 * Reloads the page once its browser, or its connection, is somebody else's. A page that has
 * something under way gives `whenReady`: it gets what reloads, for later.
 */
export function reloadForAnother(connection, visitor, whenReady = (reload) => reload()) {
  const look = (now) => {
    if (now === visitor) return;
    // A reload would take the place of the page that somebody is on the way to.
    const wait = left + LEAVE_MS - performance.now();
    if (wait > 0) setTimeout(look, wait, now);
    else if (mayReload()) whenReady(() => location.reload());
  };
  connection.on("state", (state) => state === "connected" && look(connection.visitor ?? ""));
  addEventListener("storage", ({ key, newValue }) => key === KEY && look(newValue));
}

// A browser that keeps no cookies is somebody else each time.
function mayReload() {
  return quietly(() => {
    const times = JSON.parse(sessionStorage.getItem(RELOADS) ?? "[]");
    const latest = times.filter((at) => Date.now() - at < MINUTE_MS);
    if (latest.length >= RELOADS_A_MINUTE) return false;
    sessionStorage.setItem(RELOADS, JSON.stringify([...latest, Date.now()]));
    return true;
  });
}

// A browser may keep nothing for this site.
function quietly(action) {
  try { return action(); } catch { return undefined; }
}
