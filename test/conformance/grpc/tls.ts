import { expect, onTestFinished, test } from "vitest";
import { createClient } from "../../../src/client/client.js";
import { Code } from "../../../src/errors/errors.js";
import { createServer } from "../../../src/server/server.js";
import type { GrpcOptions, TlsOptions } from "../../../src/transport/grpc/options.js";
import type { Transport } from "../../../src/transport/transport.js";
import { failure, rpcFailure } from "../../support/collect.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { clientTls, distrustingTls, strangerTls, tls } from "../../support/tls/certificates.js";

const trusting: TlsOptions = { ca: tls.ca as Buffer };

/** Who trusts whom, and what is said where somebody does not. */
export function grpcTls(make: (options?: GrpcOptions) => Transport): void {
  /** A server with its own side of TLS; gives its address. */
  async function serve(options: TlsOptions, host = "127.0.0.1"): Promise<string> {
    const server = createServer({
      transport: make({ tls: options }),
      address: `grpcs://${host}:0`,
    }).add(EchoServiceDefinition, echo());
    await server.start();
    onTestFinished(() => server.close({ graceMs: 0 }));
    return server.address;
  }

  function client(target: string, options?: TlsOptions) {
    const transport = make(options === undefined ? {} : { tls: options });
    const made = createClient(EchoServiceDefinition, { target, transport, retry: false });
    onTestFinished(() => made.close());
    return made;
  }

  test("a client that trusts the server's authority is served", async () => {
    expect((await client(await serve(tls), trusting).unary({ text: "sealed" })).text).toBe("sealed");
  });

  test("a client that trusts somebody else does not call: UNAVAILABLE, unprocessed, and the reason", async () => {
    const error = await rpcFailure(client(await serve(tls), distrustingTls).unary({}));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true, remote: false });
    expect(error.message).toMatch(/certificate/);
  });

  test("a client that was told of no authority trusts those of Node, and not ours", async () => {
    const error = await rpcFailure(client(await serve(tls)).unary({}));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true });
  });

  test("a certificate for another name is refused, unless that name is expected", async () => {
    const address = (await serve(tls, "127.0.0.2")).replace("127.0.0.1", "127.0.0.2");
    const error = await rpcFailure(client(address, trusting).unary({}));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true });
    expect(error.message).toMatch(/127\.0\.0\.2|altnames/i);
    const named = client(address, { ...trusting, serverName: "orders.test" });
    expect((await named.unary({ text: "by name" })).text).toBe("by name");
  });

  test("where certificates are asked of clients, one with a good one is served", async () => {
    const address = await serve({ ...tls, requireClientCert: true });
    expect((await client(address, clientTls).unary({ text: "mutual" })).text).toBe("mutual");
  });

  test.each([
    ["none", trusting],
    ["a stranger's", strangerTls],
  ])("where certificates are asked of clients, one with %s is refused", async (_which, options) => {
    const address = await serve({ ...tls, requireClientCert: true });
    const error = await rpcFailure(client(address, options).unary({}));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true, remote: false });
    expect((await client(address, clientTls).unary({ text: "still serving" })).text).toBe("still serving");
  });

  test("plain text to a TLS server, and TLS to a plain one, are UNAVAILABLE", async () => {
    const sealed = await serve(tls);
    expect(await rpcFailure(client(sealed.replace("grpcs:", "grpc:")).unary({}))).toMatchObject({
      code: Code.UNAVAILABLE,
      remote: false,
    });
    const plain = createServer({ transport: make(), address: "grpc://127.0.0.1:0" });
    await plain.start();
    onTestFinished(() => plain.close({ graceMs: 0 }));
    const error = await rpcFailure(client(plain.address.replace("grpc:", "grpcs:"), trusting).unary({}));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true });
    expect((await client(sealed, trusting).unary({ text: "unharmed" })).text).toBe("unharmed");
  });

  test("a TLS server without a certificate is refused by name", async () => {
    const server = createServer({ transport: make(), address: "grpcs://127.0.0.1:0" });
    const error = await failure(server.start());
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toMatch(/grpcs:\/\/127\.0\.0\.1:0: a TLS server needs a certificate.*cert, key/);
  });
}
