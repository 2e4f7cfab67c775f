import { type ClosableClient, createClient } from "../../../src/client/client.js";
import { createServer, type Server } from "../../../src/server/server.js";
import { grpcJsTransport } from "../../../src/transport/grpc-js/grpc-js.js";
import { http2Transport } from "../../../src/transport/http2/http2.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { Choices } from "../choices.js";
import { bytesOf } from "../input.js";
import { promise, type Target } from "../target.js";

type EchoClient = ClosableClient<EchoServiceDefinition>;
interface Peers {
  readonly servers: readonly Server[];
  /** Ours to theirs, theirs to ours; each plain and compressed. */
  readonly clients: readonly EchoClient[];
}

const sizes = [0, 1, 100, 1023, 1024, 4091, 4096, 16_379, 16_384, 65_535, 65_536, 200_000];
let peers: Peers | undefined;

/**
 * Calls of every shape and size between our engine and grpc-js, over sockets, either way: what one writes the other
 * understands, nothing lost on the way.
 */
export const peersTarget: Target = {
  name: "peers",
  share: 1,
  parallel: 4,
  async open() {
    peers ??= await meet();
  },
  async close() {
    await Promise.all(peers?.clients.map((client) => client.close()) ?? []);
    await Promise.all(peers?.servers.map((server) => server.close({ graceMs: 0 })) ?? []);
    peers = undefined;
  },
  generate: (dice) => [dice.bytes(60)],
  async check(input) {
    if (peers === undefined) throw new Error("not opened");
    const choices = new Choices(bytesOf(input));
    const client = choices.pick(peers.clients);
    const shape = choices.pick(["unary", "serverStream", "clientStream", "bidi"] as const);
    const request = {
      text: choices.text().toWellFormed(),
      count: choices.byte() % 6,
      payload: Buffer.alloc(choices.pick(sizes), choices.byte()),
      responseBytes: shape === "clientStream" ? 0 : choices.pick(sizes),
    };
    const metadata = {
      "x-text": Buffer.from(choices.text(), "latin1").toString("hex"),
      "x-some-bin": Buffer.from(choices.text(), "latin1"),
    };
    const times = choices.byte() % 4;
    const requests = Array.from({ length: times }, () => request);
    const options = { metadata, timeoutMs: 30_000 };
    const expected = request.responseBytes > 0 ? request.responseBytes : request.payload.length;
    if (shape === "unary") {
      const { text, payload, metadata: seen } = await client.unary(request, options);
      promise(text === request.text && payload.length === expected, "another answer than was asked for");
      promise(seen["x-text"] === metadata["x-text"], "other metadata than were sent");
      promise(seen["x-some-bin"] === metadata["x-some-bin"].toString("base64"), "other binary metadata than were sent");
    } else if (shape === "clientStream") {
      const { payload, requests: count } = await client.clientStream(each(requests), options);
      promise(count === times && payload.length === times * request.payload.length, "not all requests arrived");
    } else {
      const answers = shape === "bidi" ? client.bidi(each(requests), options) : client.serverStream(request, options);
      const lengths: number[] = [];
      for await (const { payload } of answers) lengths.push(payload.length);
      promise(lengths.length === request.count * (shape === "bidi" ? times : 1), "not all answers arrived");
      promise(
        lengths.every((length) => length === expected),
        "an answer of another size than was asked for",
      );
    }
    return shape;
  },
};

async function meet(): Promise<Peers> {
  const transports = [http2Transport, grpcJsTransport];
  const servers: Server[] = [];
  const clients: EchoClient[] = [];
  for (const compression of ["identity", "gzip"] as const) {
    for (const [at, ours] of transports.entries()) {
      const theirs = transports[1 - at] as typeof ours;
      const server = createServer({ transport: ours({ compression }), address: "grpc://127.0.0.1:0" });
      server.add(EchoServiceDefinition, echo());
      await server.start();
      servers.push(server);
      clients.push(createClient(EchoServiceDefinition, { transport: theirs({ compression }), target: server.address }));
    }
  }
  return { servers, clients };
}

async function* each<T>(messages: readonly T[]): AsyncGenerator<T> {
  yield* messages;
}
