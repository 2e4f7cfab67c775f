import { describe, expect, onTestFinished, test } from "vitest";
import { startRegistryServer } from "../../src/cli/app/registry-server.js";
import { silentLogger } from "../../src/contract/contract.js";
import { Code } from "../../src/errors/errors.js";
import { createService, openRegistry, openTransport, type TransportName } from "../../src/service/service.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { http2Transport } from "../../src/transport/http2/http2.js";
import type { Transport } from "../../src/transport/transport.js";
import type { NetworkOptions } from "../conformance/transport/story.js";
import { transportSuite } from "../conformance/transport.js";
import { Program } from "../examples/program.js";
import { collect, rpcFailure } from "../support/collect.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";
import { grpcJsSkips } from "../transport/grpc-js-skips.js";

const makers: { readonly [Name in TransportName]: (options: NetworkOptions) => Transport } = {
  http2: http2Transport,
  "grpc-js": grpcJsTransport,
};

/** Whose servers are of one, and whose clients are of the other. */
function mixed(server: TransportName, client: TransportName, options: NetworkOptions): Transport {
  const [listening, calling] = [makers[server](options), makers[client](options)];
  return {
    name: `${client} to ${server}`,
    schemes: calling.schemes,
    connect: (address) => calling.connect(address),
    listen: (address, router) => listening.listen(address, router),
  };
}

const pairs: readonly (readonly [server: TransportName, client: TransportName])[] = [
  ["http2", "grpc-js"],
  ["grpc-js", "http2"],
];

for (const [server, client] of pairs) {
  transportSuite({
    name: `${client} to ${server}`,
    make: (options) => ({ transport: mixed(server, client, options), address: "grpc://127.0.0.1:0" }),
    capabilities: { sockets: true },
    skip: {
      ...grpcJsSkips,
      "memory stays flat over 20,000 messages of 16 KiB, either way": "measured with each driver alone",
    },
  });
}

describe.each(pairs)("a service on %s, and those it works with on %s", (server, client) => {
  /** A service in a process of its own, that goes by `HAWSER_TRANSPORT` alone, and all else here. */
  async function system() {
    const ours = openTransport(client);
    const registryServer = await startRegistryServer("127.0.0.1:0", ours);
    onTestFinished(() => registryServer.close());
    const env = { HAWSER_REGISTRY: registryServer.url, HAWSER_TRANSPORT: server, HAWSER_LOG_LEVEL: "info" };
    const process = new Program("test/service/run.fixture.ts", [], env);
    onTestFinished(() => process[Symbol.asyncDispose]());
    await process.says(new RegExp(`"transport":"${server}".*"serving"`));
    const registry = openRegistry(registryServer.url);
    onTestFinished(() => registry.close());
    const options = { name: "caller", registry, transport: ours, logger: silentLogger, drainMs: 0 };
    const caller = createService(options).add(EchoServiceDefinition, echo());
    onTestFinished(() => caller.close());
    await caller.start();
    return { process, registry, caller };
  }

  test("find each other through a registry, and calls of every shape go well", async () => {
    const { caller } = await system();
    const client = caller.client(EchoServiceDefinition, "echo");
    const metadata = { "x-hawser-global-tenant": "acme", "seal-bin": Uint8Array.of(0, 255) };
    const answer = await client.unary({ text: "hello" }, { metadata });
    expect(answer).toMatchObject({ text: "hello", metadata: { "x-hawser-global-tenant": "acme", "seal-bin": "AP8=" } });
    const payload = Buffer.alloc(1024 * 1024, "x");
    expect((await client.unary({ payload })).payload.equals(payload)).toBe(true);
    expect((await collect(client.serverStream({ count: 3 }))).map(({ index }) => index)).toEqual([0, 1, 2]);
    expect((await client.clientStream([{ payload }, { payload }])).requests).toBe(2);
    const echoed = await collect(
      client.bidi([
        { text: "a", count: 1 },
        { text: "b", count: 1 },
      ]),
    );
    expect(echoed.map(({ text }) => text)).toEqual(["a", "b"]);
  });

  test("errors and deadlines mean the same at either end", async () => {
    const { caller } = await system();
    const client = caller.client(EchoServiceDefinition, "echo");
    expect(await rpcFailure(client.unary({ failCode: Code.ABORTED, failMessage: "sold out – leider" }))).toMatchObject({
      code: Code.ABORTED,
      message: "sold out – leider",
      remote: true,
    });
    const late = rpcFailure(client.unary({ delayMs: 60_000 }, { timeoutMs: 100 }));
    expect(await late).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  });

  test("a stop of the one loses no call of the other", async () => {
    const { process, registry, caller } = await system();
    const client = caller.client(EchoServiceDefinition, "echo");
    const answers = Array.from({ length: 20 }, () => client.unary({ text: "in time", delayMs: 200 }));
    await client.unary({});
    process.signal("SIGTERM");
    expect(new Set((await Promise.all(answers)).map(({ text }) => text))).toEqual(new Set(["in time"]));
    expect(await process.ended).toBe(0);
    expect((await registry.list()).map(({ name }) => name)).toEqual(["caller"]);
  });
});
