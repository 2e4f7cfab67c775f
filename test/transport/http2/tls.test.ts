import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { createServer as createTlsServer, type TlsOptions as NodeTlsOptions } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { createClient } from "../../../src/client/client.js";
import { Code } from "../../../src/errors/errors.js";
import { createServer } from "../../../src/server/server.js";
import { type Http2TransportOptions, http2Transport, type TlsOptions } from "../../../src/transport/http2/http2.js";
import { grpcTls } from "../../conformance/grpc/tls.js";
import { rpcFailure } from "../../support/collect.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { eventually } from "../../support/eventually.js";
import { ManualClock } from "../../support/manual-clock.js";
import { distrustingTls, tls } from "../../support/tls/certificates.js";

const trusting = { ca: tls.ca as Buffer };

function client(target: string, options: Http2TransportOptions) {
  const { clock } = options;
  const transport = http2Transport(options);
  const made = createClient(EchoServiceDefinition, {
    target,
    transport,
    retry: false,
    timeoutMs: 60_000,
    ...(clock === undefined ? {} : { clock }),
  });
  onTestFinished(() => made.close());
  return made;
}

/** A TLS server that is no gRPC server. */
async function stranger(options: NodeTlsOptions): Promise<string> {
  const server = createTlsServer({ cert: tls.cert, key: tls.key, ...options }, (socket) => {
    socket.on("error", () => {});
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return `grpcs://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function serve(options: TlsOptions = tls): Promise<string> {
  const server = createServer({ transport: http2Transport({ tls: options }), address: "grpcs://127.0.0.1:0" });
  server.add(EchoServiceDefinition, echo());
  await server.start();
  onTestFinished(() => server.close({ graceMs: 0 }));
  return server.address;
}

describe("http2 over TLS", () => {
  grpcTls(http2Transport);

  test.each([
    ["says nothing of HTTP/2", {}],
    ["speaks HTTP/1.1 alone", { ALPNProtocols: ["http/1.1"] }],
  ])("a server that %s is not called, and that is the reason", async (_what, options) => {
    const error = await rpcFailure(client(await stranger(options), { tls: trusting }).unary({}));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true, remote: false });
    expect(error.message).toMatch(/: TLS: the server offers no HTTP\/2 \(ALPN h2\)$/);
  });

  test("what is wrong with a certificate is the reason", async () => {
    const error = await rpcFailure(client(await serve(), { tls: distrustingTls }).unary({}));
    expect(error.message).toMatch(/: TLS: .*certificate/);
  });

  test("a server that asks for a certificate is not called without, and the way out is said", async () => {
    const address = await serve({ ...tls, requireClientCert: true });
    const error = await rpcFailure(client(address, { tls: trusting }).unary({}));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true, remote: false });
    expect(error.message).toBe(
      `hawser.test.v1.EchoService/Unary at ${address}: TLS: the server asks for a certificate; give tls: { cert, key }`,
    );
  });

  test("a server that speaks no TLS is not called, and that is the reason", async () => {
    const server = createTcpServer((socket) => void socket.resume().end("220 mail.test ESMTP\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    const address = `grpcs://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const error = await rpcFailure(client(address, { tls: trusting }).unary({}));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true });
    expect(error.message).toMatch(/: TLS: the server does not speak it/);
  });

  test("a server that takes the connection and never gets on with TLS is given up after the connect timeout", async () => {
    let accepted = 0;
    const server = createTcpServer((socket) => {
      accepted++;
      socket.resume();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    const clock = new ManualClock();
    const address = `grpcs://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const outcome = rpcFailure(client(address, { tls: trusting, clock, connectTimeoutMs: 3000 }).unary({}));
    await eventually(() => expect(accepted).toBe(1));
    clock.advance(3000);
    const error = await outcome;
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true });
    expect(error.message).toContain("no connection within 3000 ms");
  });

  test("an IP address may be the name to expect", async () => {
    const address = (await serve()).replace("127.0.0.1", "localhost");
    const named = client(address, { tls: { ...trusting, serverName: "127.0.0.1" } });
    expect((await named.unary({ text: "by address" })).text).toBe("by address");
  });
});
