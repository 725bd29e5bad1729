// The dot in the header.

export function showState(connection) {
  const dot = document.getElementById("connection");
  const show = (state) => {
    dot.hidden = false;
    dot.dataset.state = state;
    document.getElementById("connection-word").textContent = state;
  };
  connection.on("state", show);
  show(connection.state);
}
