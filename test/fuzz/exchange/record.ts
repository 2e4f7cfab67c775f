/**
 * Makes the recordings: real peers talk over loopback, and what goes over the wire is kept in `recordings/`.
 * `node --import tsx test/fuzz/exchange/record.ts` makes all of them anew.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2, createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from "node:net";
import { type ClosableClient, createClient } from "../../../src/client/client.js";
import { Code, RpcError } from "../../../src/errors/errors.js";
import { createServer } from "../../../src/server/server.js";
import { type GrpcJsTransportOptions, grpcJsTransport } from "../../../src/transport/grpc-js/grpc-js.js";
import { http2Transport } from "../../../src/transport/http2/http2.js";
import type { Transport } from "../../../src/transport/transport.js";
import { type EchoServiceDefinition as Definition, EchoRequest } from "../../gen/hawser/test/v1/echo.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { answerOf, frame as message, RawClient } from "../../support/raw-grpc.js";
import { type Piece, printPieces } from "./recording.js";

type EchoClient = ClosableClient<typeof Definition>;
const folder = new URL("recordings/", import.meta.url);

/** What clients do, one connection each. */
const calls: { readonly [name: string]: (client: EchoClient) => Promise<unknown> } = {
  async unary(client) {
    for (const text of ["one", "two", "three"]) {
      const metadata = { "x-caller": text, "x-trace-bin": Buffer.from([0, 1, 0xff]) };
      await client.unary({ text, payload: Buffer.alloc(100, text) }, { metadata, timeoutMs: 60_000 });
    }
  },
  async serverStream(client) {
    for await (const _ of client.serverStream({ count: 5, text: "tick" })) void _;
    await settled(collect(client.serverStream({ count: 2, failCode: Code.ABORTED, failMessage: "half way – über" })));
  },
  async clientStream(client) {
    await client.clientStream(requests(4));
    await client.clientStream(requests(0));
  },
  async bidi(client) {
    for await (const _ of client.bidi(requests(3))) void _;
  },
  async errors(client) {
    await settled(client.unary({ failCode: Code.FAILED_PRECONDITION, failMessage: "not today" }));
    await settled(client.unary({ failCode: Code.UNAVAILABLE, failMessage: "" }));
    await settled(client.clientStream(failing()));
  },
  async cancelled(client) {
    for await (const _ of client.serverStream({ count: 50, responseBytes: 300 })) break;
    const controller = new AbortController();
    for await (const _ of client.bidi(requests(50), { signal: controller.signal })) break;
    await settled(client.unary({ text: "the connection still stands" }));
  },
  async together(client) {
    await Promise.all([
      client.unary({ text: "a" }),
      collect(client.serverStream({ count: 3, text: "b" })),
      client.clientStream(requests(3)),
      collect(client.bidi(requests(3))),
      settled(client.put({ text: "c", failCode: Code.NOT_FOUND, failMessage: "gone" })),
      client.read({ text: "d", responseBytes: 2000 }),
    ]);
  },
};

async function* requests(count: number): AsyncGenerator<{ text: string; count: number; payload: Buffer }> {
  for (let at = 0; at < count; at++) yield { text: `request ${at}`, count: 2, payload: Buffer.alloc(20, at) };
}

async function* failing(): AsyncGenerator<{ text: string }> {
  yield { text: "first" };
  throw new RpcError(Code.CANCELLED, "no second");
}

async function collect(messages: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of messages) void _;
}

async function settled(call: Promise<unknown>): Promise<void> {
  await call.catch(() => {});
}

/** Passes everything on and writes down who said what. */
async function recorded(port: number, talk: (port: number) => Promise<unknown>): Promise<readonly Piece[]> {
  const pieces: Piece[] = [];
  const proxy = createTcpServer({ noDelay: true }, (client) => {
    const server = connectTcp({ port, host: "127.0.0.1", noDelay: true });
    client.on("data", (bytes) => {
      pieces.push({ from: "client", bytes });
      server.write(bytes);
    });
    server.on("data", (bytes) => {
      pieces.push({ from: "server", bytes });
      client.write(bytes);
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on("error", () => {});
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  await talk((proxy.address() as AddressInfo).port);
  await new Promise<void>((resolve) => proxy.close(() => resolve()));
  return pieces;
}

function keep(name: string, what: string, pieces: readonly Piece[]): void {
  writeFileSync(new URL(`${name}.txt`, folder), `# ${what}\n${printPieces(pieces)}`);
  console.log(`${name}: ${pieces.reduce((sum, { bytes }) => sum + bytes.length, 0)} bytes`);
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

interface Pair {
  readonly name: string;
  readonly client: (options: GrpcJsTransportOptions) => Transport;
  readonly server: (options: GrpcJsTransportOptions) => Transport;
}

async function recordCalls({ name, client, server }: Pair): Promise<void> {
  for (const [call, talk] of Object.entries(calls)) {
    for (const compression of ["identity", "gzip"] as const) {
      if (compression === "gzip" && !["unary", "bidi"].includes(call)) continue;
      const options: GrpcJsTransportOptions = { compression, compressMinBytes: 0 };
      const serving = createServer({ transport: server(options), address: "grpc://127.0.0.1:0" });
      serving.add(EchoServiceDefinition, echo());
      await serving.start();
      const pieces = await recorded(portOf(serving.address), async (port) => {
        const target = `grpc://127.0.0.1:${port}`;
        const calling = createClient(EchoServiceDefinition, { transport: client(options), target, retry: false });
        await talk(calling);
        await calling.close();
      });
      await serving.close({ graceMs: 0 });
      const suffix = compression === "gzip" ? "-gzip" : "";
      keep(`${name}-${call}${suffix}`, `${call}: ${name}${suffix}`, pieces);
    }
  }
}

/** A client that knows node:http2 only, and narrow windows on both sides: the writers wait again and again. */
async function recordNarrow(): Promise<void> {
  const server = createHttp2Server({ settings: { initialWindowSize: 400, enablePush: false } });
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.on("error", () => {});
    stream.resume().on("end", () => stream.end(message(Buffer.alloc(3000, 7))));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const pieces = await recorded((server.address() as AddressInfo).port, async (port) => {
    const client = connectHttp2(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 300 } });
    const request = { payload: Buffer.alloc(2500, 3), count: 2, responseBytes: 2000 };
    for (const path of ["Unary", "ServerStream"]) {
      const stream = client.request({
        ...{ ":method": "POST", ":path": `/hawser.test.v1.EchoService/${path}` },
        ...{ te: "trailers", "content-type": "application/grpc", "grpc-timeout": "1M" },
      });
      stream.end(message(EchoRequest.encode(EchoRequest.fromPartial(request)).finish()));
      await answerOf(stream);
    }
    await new Promise<void>((resolve) => client.close(resolve));
  });
  await new Promise<void>((resolve) => server.close(() => resolve()));
  keep("node-http2-narrow-windows", "node:http2 on both sides, with windows of 400 bytes", pieces);
}

/** What a server says that is no gRPC: a page, an answer without status, a call that is reset, a farewell. */
async function recordStrange(): Promise<void> {
  const server = createHttp2Server();
  let count = 0;
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => {});
    const at = count++;
    if (at === 0) {
      stream.respond({ ":status": 503, "content-type": "text/html" });
      stream.end("<h1>later</h1>");
    } else if (at === 1) {
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.end(message("abc"));
    } else if (at === 2) stream.close(11);
    else {
      stream.additionalHeaders({ ":status": 103, link: "<x>" });
      stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "7" }, { endStream: true });
      stream.session?.goaway(0, stream.id);
      stream.session?.close();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const pieces = await recorded((server.address() as AddressInfo).port, async (port) => {
    const client = new RawClient(`grpc://127.0.0.1:${port}`);
    for (let at = 0; at < 4; at++) await client.call("/hawser.test.v1.EchoService/Unary", message(""));
    await client.close();
  });
  await new Promise<void>((resolve) => server.close(() => resolve()));
  keep("node-http2-strange", "a server on node:http2 that says what no gRPC server does", pieces);
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
await recordCalls({ name: "grpc-js", client: grpcJsTransport, server: grpcJsTransport });
await recordCalls({ name: "grpc-js-to-http2", client: grpcJsTransport, server: http2Transport });
await recordCalls({ name: "http2-to-grpc-js", client: http2Transport, server: grpcJsTransport });
await recordNarrow();
await recordStrange();
process.exit(0);
