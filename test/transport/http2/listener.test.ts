import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { createClient } from "../../../src/client/client.js";
import { Code } from "../../../src/errors/errors.js";
import { createServer } from "../../../src/server/server.js";
import { type Http2TransportOptions, http2Transport } from "../../../src/transport/http2/http2.js";
import { rpcFailure } from "../../support/collect.js";
import { type EchoHandlers, EchoServiceDefinition, echo } from "../../support/echo.js";
import { preface } from "../../support/http2/constants.js";
import { settings } from "../../support/http2/frames.js";
import { RawPeer } from "../../support/http2/raw-peer.js";
import { isGoaway } from "../../support/http2/received.js";
import { expectCall } from "../../support/http2/siege.js";
import { ManualClock } from "../../support/manual-clock.js";
import { forever, Moment } from "../../support/moment.js";
import { tls } from "../../support/tls/certificates.js";

function listen(address: string, options: Http2TransportOptions = {}, handlers: Partial<EchoHandlers> = {}) {
  const transport = http2Transport(options);
  const server = createServer({ transport, address }).add(EchoServiceDefinition, echo(handlers));
  onTestFinished(() => server.close({ graceMs: 0 }));
  return { server, transport };
}

async function serve(options: Http2TransportOptions = {}, address = "grpc://127.0.0.1:0", handlers = {}) {
  const { server, transport } = listen(address, options, handlers);
  await server.start();
  const client = createClient(EchoServiceDefinition, { transport, target: server.address, retry: false });
  onTestFinished(() => client.close());
  return { server, client, port: Number(server.address.split(":").pop()) };
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "hawser-"));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.once("close", () => resolve());
    socket.resume();
  });

describe("a listener of http2", () => {
  test("serves who says the preface of HTTP/2 byte by byte", async () => {
    const { port } = await serve();
    const socket = await dial(port);
    for (const byte of preface) {
      socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const peer = new RawPeer(socket, "client", { greeting: [settings()] });
    await expectCall(peer);
  });

  test.each([
    ["something else", "SSH-2.0-OpenSSH_9.6\r\n"],
    ["half a preface", "PRI * HTTP/2.0\r\n\r\nno"],
  ])("hangs up on who says %s, and on nobody else", async (_what, text) => {
    const { client, port } = await serve();
    const socket = await dial(port);
    socket.write(text);
    await closed(socket);
    expect((await client.unary({ text: "served" })).text).toBe("served");
  });

  test("is unharmed by who hangs up in the midst of the first words", async () => {
    const { client, port } = await serve();
    for (const words of ["", "PRI", "GET / HT"]) {
      const socket = await dial(port);
      socket.end(words);
      await closed(socket);
      const reset = await dial(port);
      reset.write(words);
      reset.resetAndDestroy();
    }
    expect((await client.unary({ text: "served" })).text).toBe("served");
  });

  test("cuts off who does not get on with TLS in time", async () => {
    const { client, port } = await serve({ tls, handshakeTimeoutMs: 1000 }, "grpcs://127.0.0.1:0");
    const socket = await dial(port);
    await closed(socket);
    expect((await client.unary({ text: "served" })).text).toBe("served");
  });

  test("cuts off who takes most of its time for TLS, and the rest of it for nothing", async () => {
    const clock = new ManualClock();
    const { client, port } = await serve({ tls, clock, handshakeTimeoutMs: 10_000 }, "grpcs://127.0.0.1:0");
    const socket = await dial(port);
    await client.unary({}); // it has come in before this call
    clock.advance(6000);
    const sealed = connectTls({ socket, ca: tls.ca, servername: "localhost", ALPNProtocols: ["h2"] });
    sealed.on("error", () => {});
    await new Promise((resolve) => sealed.once("session", resolve)); // the server has it, too
    clock.advance(3999);
    await client.unary({});
    expect(sealed.closed).toBe(false);
    clock.advance(1);
    await closed(sealed);
    expect((await client.unary({ text: "served" })).text).toBe("served");
  });

  test("sends away who has said nothing yet when it drains, and finishes what runs", async () => {
    const begun = new Moment();
    const release = new Moment();
    const { server, client, port } = await serve({}, undefined, {
      read: async () => {
        begun.now();
        await release.promise;
        return { text: "finished" };
      },
    });
    const silent = await dial(port);
    const answer = client.read({});
    await begun.promise;
    server.drain();
    await closed(silent);
    release.now();
    expect((await answer).text).toBe("finished");
  });

  test("refuses calls that still come when it drains, such that they may go elsewhere", async () => {
    const begun = new Moment();
    const { server, client } = await serve({}, undefined, {
      put: () => {
        begun.now();
        return forever;
      },
    });
    const running = rpcFailure(client.put({}));
    await begun.promise;
    server.drain();
    const refused = await Promise.all(Array.from({ length: 3000 }, () => rpcFailure(client.unary({}))));
    for (const error of refused) expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true });
    await server.close({ graceMs: 0 });
    expect(await running).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: false });
  });

  test("tells clients to go when it closes, and waits for no client that does not", async () => {
    const { server } = await serve();
    const peer = await RawPeer.connect(server.address, { answers: false });
    await peer.next();
    await server.close({ graceMs: 0 });
    await peer.closed;
    expect(peer.has(isGoaway)).toBe(true);
  });

  test("takes no more connections at once than it is told to", async () => {
    const { server } = await serve({ maxConnections: 2 });
    const [first, second, third] = [
      await RawPeer.connect(server.address),
      await RawPeer.connect(server.address),
      await RawPeer.connect(server.address),
    ];
    for (const peer of [first, second, third]) onTestFinished(() => peer.close());
    await third.closed;
    await expectCall(first);
    await expectCall(second);
    await first.close();
    await expect
      .poll(async () => {
        const peer = await RawPeer.connect(server.address);
        onTestFinished(() => peer.close());
        return expectCall(peer).then(
          () => "served",
          () => "refused",
        );
      })
      .toBe("served");
  });

  test("names who calls by IPv6", async () => {
    const peers: string[] = [];
    const { client } = await serve({}, "grpc://[::1]:0", {
      unary: (_request: unknown, { peer }: { peer: string }) => ({ index: peers.push(peer) }),
    });
    await client.unary({});
    expect(peers[0]).toMatch(/^::1:\d+$/);
  });

  test("on a port of its own choosing says which", async () => {
    const { server } = await serve();
    expect(server.address).toMatch(/^grpc:\/\/127\.0\.0\.1:[1-9]\d*$/);
  });
});

describe("a listener on a unix socket", () => {
  test("leaves no file behind", async () => {
    const path = join(await folder(), "echo.sock");
    const { server, client } = await serve({}, `grpc+unix://${path}`);
    expect((await client.unary({ text: "there" })).text).toBe("there");
    await server.close();
    expect(existsSync(path)).toBe(false);
  });

  test("serves TLS too, as localhost", async () => {
    const path = join(await folder(), "echo.sock");
    const { client } = await serve({ tls }, `grpcs+unix://${path}`);
    expect((await client.unary({ text: "sealed" })).text).toBe("sealed");
  });

  test("takes the place of a server that died", async () => {
    const path = join(await folder(), "echo.sock");
    const dying = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 9))`;
    await promisify(execFile)(process.execPath, ["-e", dying]).catch(() => {});
    expect(existsSync(path)).toBe(true);
    const { client } = await serve({}, `grpc+unix://${path}`);
    expect((await client.unary({ text: "there" })).text).toBe("there");
  });

  test("takes nobody's place who lives", async () => {
    const path = join(await folder(), "echo.sock");
    const { client } = await serve({}, `grpc+unix://${path}`);
    const error = await rpcFailure(listen(`grpc+unix://${path}`).server.start());
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, remote: false });
    expect(error.message).toContain(path);
    expect((await client.unary({ text: "still there" })).text).toBe("still there");
  });

  test("takes the place of no file that is something else", async () => {
    const path = join(await folder(), "notes.txt");
    await writeFile(path, "to keep");
    const error = await rpcFailure(listen(`grpc+unix://${path}`).server.start());
    expect(error).toMatchObject({ code: Code.UNAVAILABLE });
    expect(existsSync(path)).toBe(true);
  });

  test("in a folder that is not there is UNAVAILABLE and named", async () => {
    const path = join(await folder(), "nowhere", "echo.sock");
    const error = await rpcFailure(listen(`grpc+unix://${path}`).server.start());
    expect(error).toMatchObject({ code: Code.UNAVAILABLE });
    expect(error.message).toContain(path);
  });
});

test("a port that somebody else has is UNAVAILABLE and named", async () => {
  const other = createTcpServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void other.close(() => resolve())));
  const address = `grpc://127.0.0.1:${(other.address() as { port: number }).port}`;
  const error = await rpcFailure(listen(address).server.start());
  expect(error).toMatchObject({ code: Code.UNAVAILABLE, remote: false });
  expect(error.message).toContain(address);
});
