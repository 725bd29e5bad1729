// Who one is here is decided by the page: signed in or out in another tab, it has to be another one.

const BREAK_MS = 60_000;
const KEY = "chat.reloaded";

/** Reloads the page once its connection is somebody else's. */
export function reloadForAnother(connection, visitor) {
  connection.on("state", (state) => {
    if (state === "connected" && connection.visitor !== visitor && mayReload()) location.reload();
  });
}

// A browser that keeps no cookies is somebody else each time.
function mayReload() {
  try {
    if (Date.now() - Number(sessionStorage.getItem(KEY)) < BREAK_MS) return false;
    sessionStorage.setItem(KEY, Date.now());
    return true;
  } catch {
    return false;
  }
}
