import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BadRequest, Code, detail, RpcError } from "../../src/errors/errors.js";
import { createServer, type Server } from "../../src/server/server.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { http2Transport } from "../../src/transport/http2/http2.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";
import { bufCurl, grpcurl, type OutsideClient } from "./support/outside-client.js";

const service = EchoServiceDefinition.fullName;
const badRequest = detail(BadRequest, { fieldViolations: [{ field: "sku", description: "is empty" }] });

for (const transport of [http2Transport(), grpcJsTransport()]) {
  describe(`a Hawser server over ${transport.name}`, () => {
    let server: Server;

    beforeAll(async () => {
      server = createServer({ transport, address: "grpc://127.0.0.1:0" });
      server.add(
        EchoServiceDefinition,
        echo({
          put() {
            throw new RpcError(Code.INVALID_ARGUMENT, "no such sku", { details: [badRequest] });
          },
        }),
      );
      await server.start();
    });
    afterAll(() => server.close({ graceMs: 0 }));

    for (const client of [bufCurl, grpcurl]) {
      describe(titleOf(client), () => against(client, () => server.address.replace("grpc://", "")));
    }
  });
}

function titleOf({ name, missing }: OutsideClient): string {
  return `and ${name}${missing === undefined ? "" : ` (skipped: ${missing})`}`;
}

/** @param address `127.0.0.1:50051`, once it is there */
function against(client: OutsideClient, address: () => string): void {
  const test = it.skipIf(client.missing !== undefined);
  const call = (method: string, requests: string, header?: string) =>
    client.call(address(), `${service}/${method}`, requests, header);

  test("lists the services by reflection", async () => {
    expect(await client.list(address())).toEqual([
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
      service,
    ]);
  });

  test("makes a unary call, with metadata of both kinds", async () => {
    expect(await call("Unary", '{"text":"hi","payload":"AAE="}', "x-raw-bin: AAE=")).toMatchObject({
      responses: [{ text: "hi", payload: "AAE=", metadata: { "x-raw-bin": "AAE=" } }],
      status: 0,
    });
    expect((await call("Unary", "{}", "x-tenant: a")).responses).toMatchObject([{ metadata: { "x-tenant": "a" } }]);
  });

  test("reads a stream of responses", async () => {
    const { responses } = await call("ServerStream", '{"count":3,"text":"a"}');
    expect(responses).toMatchObject([{ text: "a" }, { text: "a", index: 1 }, { text: "a", index: 2 }]);
  });

  test("sends a stream of requests", async () => {
    const { responses } = await call("ClientStream", '{"payload":"AA=="}{"payload":"AQ=="}');
    expect(responses).toMatchObject([{ payload: "AAE=", requests: 2 }]);
  });

  test("streams in both directions", async () => {
    const { responses } = await call("Bidi", '{"count":1,"text":"a"}{"count":1,"text":"b"}');
    expect(responses).toMatchObject([
      { text: "a", requests: 1 },
      { text: "b", requests: 2 },
    ]);
  });

  test("gets an error with code, message and details", async () => {
    const { responses, status, stderr } = await call("Put", "{}");
    expect({ responses, status }).toEqual({ responses: [], status: Code.INVALID_ARGUMENT });
    expect(stderr).toContain("no such sku");
    expect(stderr).toContain(Buffer.from(badRequest.value).toString("base64url")); // one pads it, the other does not
  });

  test("gets an error after the responses that came before it, its message in any language", async () => {
    const { responses, status, stderr } = await call("ServerStream", '{"count":2,"failCode":5,"failMessage":"Grüße"}');
    expect(responses).toHaveLength(2);
    expect(status).toBe(Code.NOT_FOUND);
    expect(stderr).toContain("Grüße");
  });

  test("asks for health", async () => {
    const request = JSON.stringify({ service });
    const { responses } = await client.call(address(), "grpc.health.v1.Health/Check", request);
    expect(responses).toEqual([{ status: "SERVING" }]);
  });
}
