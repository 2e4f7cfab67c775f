import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { openLink } from "../../bench/src/wire/transfer/link.js";

async function portOf(server: Server): Promise<number> {
  onTestFinished(() => void server.close());
  if (!server.listening) await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

it("A long, narrow road carries every byte both ways, in order", async () => {
  const echo = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
  const road = openLink(await portOf(echo), { oneWayMs: 2, bytesPerS: 50e6 });
  const socket = connect(await portOf(road), "127.0.0.1");
  const sent = Buffer.from(Uint32Array.from({ length: 100_000 }, (_, at) => at).buffer);

  socket.write(sent);
  const come: Buffer[] = [];
  let bytes = 0;
  for await (const piece of socket as AsyncIterable<Buffer>) {
    come.push(piece);
    bytes += piece.length;
    if (bytes >= sent.length) break;
  }

  expect(Buffer.concat(come).equals(sent)).toBe(true);
});
