import { expect, onTestFinished, test, vi } from "vitest";
import { createClient } from "../../../src/client/client.js";
import { createServer } from "../../../src/server/server.js";
import { HpackEncoder } from "../../../src/transport/http2/hpack/hpack.js";
import { http2Transport } from "../../../src/transport/http2/http2.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";

test("However many clients come and go, a connection makes the header fields of a method once", async () => {
  const transport = http2Transport();
  await using server = createServer({ transport, address: "grpc://127.0.0.1:0" });
  server.add(EchoServiceDefinition, echo());
  await server.start();
  const connect = () => createClient(EchoServiceDefinition, { transport, target: server.address as string });
  await using standing = connect();
  await standing.unary({ text: "first" });
  const template = vi.spyOn(HpackEncoder.prototype, "template");
  onTestFinished(() => template.mockRestore());

  for (let count = 0; count < 300; count++) {
    await using client = connect();
    expect(await client.unary({ text: `${count}` })).toMatchObject({ text: `${count}` });
  }
  expect(template).not.toHaveBeenCalled();

  await standing.read({ text: "another method" });
  expect(template).toHaveBeenCalledTimes(1);
});
