import { type IncomingHttpHeaders, sensitiveHeaders } from "node:http2";
import { expect, test } from "vitest";
import type { ClosableClient } from "../../../src/client/client.js";
import { failure } from "../../support/collect.js";
import type { EchoServiceDefinition } from "../../support/echo.js";
import type { WireSuiteOptions } from "../wire.js";
import { ClientStage, good } from "./client-stage.js";

/** What a client says with a call. */
export function clientWords(suite: WireSuiteOptions): void {
  const stage = new ClientStage(suite);

  /** The header fields of one call. */
  async function fieldsOf(call: (client: ClosableClient<EchoServiceDefinition>) => Promise<unknown>) {
    let seen: IncomingHttpHeaders = {};
    const client = await stage.clientOf((stream, fields) => {
      seen = fields;
      good(stream);
    });
    await call(client);
    return seen;
  }

  test("a call has the fields gRPC asks for, and no others", async () => {
    const fields = await fieldsOf((client) => client.unary({}, { timeoutMs: Number.POSITIVE_INFINITY }));
    expect({ ...fields }).toEqual({
      ":method": "POST",
      ":scheme": "http",
      ":authority": expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      ":path": "/hawser.test.v1.EchoService/Unary",
      te: "trailers",
      "content-type": "application/grpc",
      "grpc-accept-encoding": "identity,deflate,gzip",
      "user-agent": expect.stringMatching(suite.userAgent),
      [sensitiveHeaders]: [],
    });
  });

  test("a deadline goes along as what is left of it", async () => {
    const fields = await fieldsOf((client) => client.unary({}, { timeoutMs: 20_000 }));
    expect(fields["grpc-timeout"]).toMatch(/^1[0-9]{7}u$|^20000000u$/);
  });

  test("bytes go along in base64 without padding", async () => {
    const fields = await fieldsOf((client) =>
      client.unary({}, { metadata: { "x-seal-bin": [Uint8Array.of(1), Uint8Array.of(2, 3)], "x-empty": "" } }),
    );
    expect(fields).toMatchObject({ "x-seal-bin": "AQ, AgM", "x-empty": "" });
  });

  test("names that belong to HTTP or gRPC cannot be taken", async () => {
    const client = await stage.clientOf(good);
    for (const name of ["content-type", "te", "host", "connection", "keep-alive", "grpc-timeout", ":path"]) {
      expect(await failure(client.unary({}, { metadata: { [name]: "x" } }))).toBeInstanceOf(TypeError);
    }
  });
}
