// Shows the state of the connection: the dot in the header, and a line when it stays away.

const PATIENCE_MS = 2000; // a shorter absence is nobody's business

export class Connected {
  #timer;

  /** Calls `onConnected` each time the server can be reached again. */
  constructor(connection, onConnected) {
    const show = (state) => {
      this.#show(state);
      if (state === "connected") onConnected();
    };
    connection.on("state", show);
    show(connection.state);
  }

  #show(state) {
    const dot = document.getElementById("connection");
    dot.hidden = false;
    dot.dataset.state = state;
    document.getElementById("connection-word").textContent = state;
    clearTimeout(this.#timer);
    const line = document.getElementById("lost");
    if (state === "connected") line.hidden = true;
    else this.#timer = setTimeout(() => this.#tell(line, state), PATIENCE_MS);
  }

  #tell(line, state) {
    line.textContent =
      state === "closed"
        ? "The connection has ended. Reload the page to follow your images."
        : "No connection. This page catches up by itself as soon as it is back.";
    line.hidden = false;
  }
}
