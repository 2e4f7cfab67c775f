import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import type { Connect } from "../../echo.js";

/** Who waits for bytes that went out, in the order in which they did. */
interface Waiting {
  readonly bytes: number;
  missing: number;
  readonly done: (bytes: number) => void;
}

/** No protocol at all: what it costs that one process of Node asks another, and is answered. */
export const connect: Connect = async (address) => {
  const socket = connectSocket({ port: Number(address), host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const waiting: Waiting[] = [];
  socket.on("data", (piece: Buffer) => {
    let come = piece.length;
    for (let first = waiting[0]; first !== undefined && come > 0; first = waiting[0]) {
      const own = Math.min(come, first.missing);
      come -= own;
      first.missing -= own;
      if (first.missing > 0) return;
      waiting.shift();
      first.done(first.bytes);
    }
  });
  const echoed = (bytes: number): Promise<number> =>
    new Promise((done) => waiting.push({ bytes, missing: bytes, done }));
  return {
    unary(payload) {
      socket.write(payload);
      return echoed(payload.length);
    },
    serverStream: () => Promise.reject(new Error("tcp sends back what it was sent, and nothing more")),
    bidi(payload, count) {
      for (let sent = 0; sent < count; sent++) socket.write(payload);
      return echoed(payload.length * count);
    },
  };
};
