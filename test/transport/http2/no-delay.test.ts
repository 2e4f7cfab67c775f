import { connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { createClient } from "../../../src/client/client.js";
import { createServer as createGrpcServer } from "../../../src/server/server.js";
import { http2Transport } from "../../../src/transport/http2/http2.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { tls } from "../../support/tls/certificates.js";

/** What every TCP socket of this process is set by: that of an accepted one is seen nowhere else. */
async function tcpHandles(): Promise<{ setNoDelay(on: boolean): number }> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const socket = connect((server.address() as { port: number }).port, "127.0.0.1");
  const { _handle } = socket as Socket & { readonly _handle: { setNoDelay(on: boolean): number } };
  await new Promise((resolve) => socket.once("close", resolve).resume());
  await new Promise((resolve) => server.close(resolve));
  return Object.getPrototypeOf(_handle);
}

async function call(address: string): Promise<void> {
  const transport = http2Transport({ tls });
  const server = createGrpcServer({ transport, address }).add(EchoServiceDefinition, echo());
  await server.start();
  onTestFinished(() => server.close({ graceMs: 0 }));
  const client = createClient(EchoServiceDefinition, { transport, target: server.address });
  onTestFinished(() => client.close());
  await client.unary({});
}

test.each(["grpc", "grpcs"])("both ends of a %s connection send small frames without delay", async (scheme) => {
  const setNoDelay = vi.spyOn(await tcpHandles(), "setNoDelay");
  onTestFinished(() => setNoDelay.mockRestore());
  await call(`${scheme}://127.0.0.1:0`);
  expect(setNoDelay.mock.calls).toEqual([[true], [true]]);
});
