// Socket.IO as its documentation sets it up: one room, and its own recovery of missed events.
import { createServer } from "node:http";
import process from "node:process";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, {
  connectionStateRecovery: { maxDisconnectionDuration: 2 * 60 * 1000, skipMiddlewares: true },
});

io.on("connection", (socket) => {
  socket.join("bench");
  socket.on("tell", (data) => io.to("bench").emit("told", data));
});

http.listen(Number(process.argv[2]), "127.0.0.1");
