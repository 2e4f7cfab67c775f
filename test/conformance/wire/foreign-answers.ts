import type { ServerHttp2Session } from "node:http2";
import { expect, test } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { collect, rpcFailure } from "../../support/collect.js";
import { frame } from "../../support/raw-grpc.js";
import type { WireSuiteOptions } from "../wire.js";
import { answer, ClientStage, response } from "./client-stage.js";

/** Answers that are none: of proxies, of servers that break off, of connections that end. */
export function foreignAnswers(suite: WireSuiteOptions): void {
  const stage = new ClientStage(suite);

  test.each([
    [400, Code.INTERNAL],
    [401, Code.UNAUTHENTICATED],
    [403, Code.PERMISSION_DENIED],
    [404, Code.UNIMPLEMENTED],
    [429, Code.UNAVAILABLE],
    [502, Code.UNAVAILABLE],
    [503, Code.UNAVAILABLE],
    [504, Code.UNAVAILABLE],
    [500, Code.UNKNOWN],
  ])("HTTP %d from somebody in between has its gRPC code", async (status, code) => {
    await stage.expectEnd(
      (stream) => {
        stream.respond({ ":status": status, "content-type": "text/html" });
        stream.end("<html>sorry</html>");
      },
      code,
      false,
      new RegExp(`HTTP status code ${status}`),
    );
  });

  test("an answer that ends without a status is an error", async () => {
    await stage.expectEnd((stream) => answer(stream, [], { "x-other": "1" }), Code.UNKNOWN, false, /status/);
  });

  test("an answer that ends without trailers is one that was cut off", async () => {
    await stage.expectEnd(
      (stream) => {
        stream.respond({ ":status": 200, "content-type": "application/grpc" });
        stream.end(frame(response()));
      },
      suite.cutOff,
      false,
      /without (gRPC|a) status/,
    );
  });

  test.each(["99", "-1", "ok", "3.5"])("a status of %s is UNKNOWN", async (status) => {
    await stage.expectEnd(
      (stream) => answer(stream, [], { "grpc-status": status, "grpc-message": "odd" }),
      Code.UNKNOWN,
      true,
      /odd/,
    );
  });

  test("the fields of an answer in one block are those of its trailer alone", async () => {
    const client = await stage.clientOf((stream) => {
      stream.respond(
        { ":status": 200, "content-type": "application/grpc", "grpc-status": "0", "x-said": "once" },
        { endStream: true },
      );
    });
    const seen: unknown[] = [];
    const responses = client.serverStream(
      {},
      {
        onHeader: (header) => seen.push(header.get("x-said")),
        onTrailer: (trailer) => seen.push(trailer.get("x-said")),
      },
    );
    expect(await collect(responses)).toEqual([]);
    expect(seen).toEqual([undefined, "once"]);
  });

  test("an error whose text is too large keeps its code, and ends its call alone", async () => {
    const client = await stage.clientOf((stream) =>
      answer(stream, [], { "grpc-status": "5", "grpc-message": "x".repeat(20_000) }),
    );
    const outcomes = await Promise.all([rpcFailure(client.unary({})), client.put({}), rpcFailure(client.unary({}))]);
    expect(outcomes).toMatchObject([
      { code: Code.NOT_FOUND, remote: true },
      { text: "good" },
      { code: Code.NOT_FOUND, remote: true },
    ]);
  });

  test("a message that is no percent-encoding is shown as it is", async () => {
    await stage.expectEnd(
      (stream) => answer(stream, [], { "grpc-status": "5", "grpc-message": "50 %, 100 %zz" }),
      Code.NOT_FOUND,
      true,
      /^50 %, 100 %zz$/,
    );
  });

  test("details that do not parse leave code and message as they are", async () => {
    const client = await stage.clientOf((stream) =>
      answer(stream, [], {
        "grpc-status": "5",
        "grpc-message": "no order",
        "grpc-status-details-bin": "////",
      }),
    );
    expect(await rpcFailure(client.unary({}))).toMatchObject({
      code: Code.NOT_FOUND,
      message: "no order",
      details: [],
      remote: true,
    });
  });

  test.each<[number, Code, string]>([
    [0, suite.cutOff, "NO_ERROR"],
    [1, Code.INTERNAL, "PROTOCOL_ERROR"],
    [2, Code.INTERNAL, "INTERNAL_ERROR"],
    [8, Code.CANCELLED, "CANCEL"],
    [11, Code.RESOURCE_EXHAUSTED, "ENHANCE_YOUR_CALM"],
    [12, Code.PERMISSION_DENIED, "INADEQUATE_SECURITY"],
  ])("RST_STREAM with code %d ends the call with code %d (%s)", async (reset, code) => {
    await stage.expectEnd((stream) => stream.close(reset), code, false, /EchoService/);
  });

  test("a stream that is refused was not processed, and a client may go elsewhere", async () => {
    const client = await stage.clientOf((stream) => stream.close(7));
    for (const call of [() => client.unary({}), () => collect(client.serverStream({}))]) {
      expect(await rpcFailure(call())).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true, remote: false });
    }
  });

  test.each<[string, (session: ServerHttp2Session) => void]>([
    ["is dropped", (session) => session.destroy()],
    ["ends with an error of the protocol", (session) => session.destroy(undefined, 2)],
  ])("a call whose connection %s is UNAVAILABLE", async (_how, end) => {
    const client = await stage.clientOf((stream) => end(stream.session as ServerHttp2Session));
    expect(await rpcFailure(client.unary({}))).toMatchObject({
      code: Code.UNAVAILABLE,
      unprocessed: false,
      remote: false,
    });
    expect((await client.put({})).text).toBe("good");
  });
}
