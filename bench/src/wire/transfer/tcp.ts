import { once } from "node:events";
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from "node:net";
import { message, messageBytes, type TransferParty } from "./transfer.js";

/** A request is one of these and how many messages. */
const requestBytes = 5;
const uploading = 1;
const downloading = 2;

/** Nothing but the bytes: what the road itself can carry. An upload is answered by one byte once all has come. */
export const party: TransferParty = {
  async serve() {
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on("error", () => socket.destroy());
      serve(socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  },

  async connect(port) {
    const socket = connectSocket({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    const upload = async (messages: number): Promise<number> => {
      const answered = read(socket, 1);
      socket.write(request(uploading, messages));
      await write(socket, messages);
      await answered;
      return messages * messageBytes;
    };
    await upload(0);
    return {
      upload,
      async download(messages) {
        const come = read(socket, messages * messageBytes);
        socket.write(request(downloading, messages));
        return come;
      },
      close: () => void socket.destroy(),
    };
  },
};

function request(kind: number, messages: number): Buffer {
  const bytes = Buffer.alloc(requestBytes);
  bytes.writeUInt32BE(messages, bytes.writeUInt8(kind));
  return bytes;
}

/** One request after another, for as long as the connection stands. */
function serve(socket: Socket): void {
  let head = Buffer.alloc(0);
  let expected = 0;
  socket.on("data", (bytes: Buffer) => {
    const body = Math.min(expected, bytes.length);
    expected -= body;
    if (body > 0 && expected === 0) socket.write(Buffer.of(uploading));
    head = Buffer.concat([head, bytes.subarray(body)]);
    if (head.length < requestBytes) return;
    const messages = head.readUInt32BE(1);
    const kind = head[0];
    const early = head.length - requestBytes;
    head = Buffer.alloc(0);
    if (kind === downloading) return void write(socket, messages).catch(() => socket.destroy());
    expected = messages * messageBytes - early;
    if (expected === 0) socket.write(Buffer.of(uploading));
  });
}

async function write(socket: Socket, messages: number): Promise<void> {
  const payload = message();
  for (let sent = 0; sent < messages; sent++) {
    if (!socket.write(payload)) await once(socket, "drain");
  }
}

/** @returns how many bytes came, once there are as many as asked for */
function read(socket: Socket, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let come = 0;
    const onData = (piece: Buffer): void => {
      come += piece.length;
      if (come < bytes) return;
      socket.off("data", onData);
      socket.off("close", onClose);
      resolve(come);
    };
    const onClose = (): void => reject(new Error(`the connection broke after ${come} of ${bytes} bytes`));
    socket.on("data", onData);
    socket.once("close", onClose);
  });
}
