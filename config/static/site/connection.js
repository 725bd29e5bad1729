// Shows the state of a page's connection: the dot in the header, and a bar when it stays away.

const PATIENCE_MS = 2000; // a shorter absence is nobody's business
const KEPT = "What you do is sent later.";

/**
 * Follows `connection`, which has a `state` and `on("state", listener)`, for as long as the page
 * lives. `promise` is what holds for the page meanwhile.
 */
export function showConnection(connection, promise = KEPT) {
  let timer;
  const show = (state) => {
    showDot(state);
    clearTimeout(timer);
    const bar = document.getElementById("lost");
    if (state === "connected") bar.hidden = true;
    else if (bar.hidden) timer = setTimeout(() => tell(bar, connection.state, promise), PATIENCE_MS);
    else tell(bar, state, promise);
  };
  connection.on("state", show);
  show(connection.state);
}

function showDot(state) {
  const dot = document.getElementById("connection");
  dot.dataset.state = state;
  document.getElementById("connection-word").textContent = state;
}

function tell(bar, state, promise) {
  bar.textContent = sentence(state, promise);
  bar.hidden = false;
}

function sentence(state, promise) {
  if (state === "closed") return "The connection has ended. Reload the page to go on.";
  if (state === "offline") return `You are offline. ${promise}`;
  return `Reconnecting. ${promise}`;
}
