import { describe, expect, test } from "vitest";
import { Code } from "../../../../src/errors/errors.js";
import { collect, rpcFailure } from "../../../support/collect.js";
import { Ambush, asked, requestOn } from "../../../support/http2/ambush.js";
import { ErrorCode, type ErrorName } from "../../../support/http2/constants.js";
import { data, headers, reset, windowUpdate } from "../../../support/http2/frames.js";
import { changed, echoResponse, okTrailer, responseFields, wholeAnswer } from "../../../support/http2/grpc.js";
import type { Field } from "../../../support/http2/hpack.js";
import { isData, isHeaders, isReset } from "../../../support/http2/received.js";

describe("a malformed response (RFC 9113 §8.1.1) is INTERNAL for its call, PROTOCOL_ERROR of its stream, and harms no other: one", () => {
  const head = (...more: readonly Field[]): readonly Field[] => [...responseFields, ...more];

  test.each<[story: string, say: (id: number) => readonly Buffer[]]>([
    ["with data before its header (§8.1)", (id) => [data(id, echoResponse())]],
    [
      "with header fields amid the messages (§8.1)",
      (id) => [headers(id, responseFields), data(id, echoResponse()), headers(id, responseFields)],
    ],
    ["with its header twice (§8.1)", (id) => [headers(id, responseFields), headers(id, responseFields)]],
    ["without :status (§8.3.2)", (id) => [headers(id, [["content-type", "application/grpc"]])]],
    ["with :status twice (§8.3.2)", (id) => [headers(id, [[":status", "200"], ...responseFields])]],
    ["with a :status that is no number (§8.3.2)", (id) => [headers(id, changed(responseFields, ":status", "ok"))]],
    ["with a pseudo-header field of requests (§8.3)", (id) => [headers(id, [[":path", "/"], ...responseFields])]],
    ["with a pseudo-header field nobody knows (§8.3)", (id) => [headers(id, [[":mark", "1"], ...responseFields])]],
    [
      "with a pseudo-header field behind others (§8.3)",
      (id) => [
        headers(id, [
          ["content-type", "application/grpc"],
          [":status", "200"],
        ]),
      ],
    ],
    [
      "with a pseudo-header field in its trailers (§8.1)",
      (id) => [
        headers(id, responseFields),
        data(id, echoResponse()),
        headers(id, [[":status", "200"], ...okTrailer], { end: true }),
      ],
    ],
    ["with an upper-case name (§8.2)", (id) => [headers(id, head(["X-Mark", "1"]))]],
    [
      "with an upper-case name in its trailers (§8.2)",
      (id) => [
        headers(id, responseFields),
        data(id, echoResponse()),
        headers(id, [...okTrailer, ["X-Mark", "1"]], { end: true }),
      ],
    ],
    ["with connection (§8.2.2)", (id) => [headers(id, head(["connection", "close"]))]],
    ["with transfer-encoding (§8.2.2)", (id) => [headers(id, head(["transfer-encoding", "chunked"]))]],
    ["with a line feed in a value (§8.2.1)", (id) => [headers(id, head(["x-mark", "a\nb"]))]],
    [
      "that changes the protocol, which HTTP/2 cannot (§8.6)",
      (id) => [headers(id, changed(responseFields, ":status", "101"))],
    ],
    ["that is informational and ends (§8.1)", (id) => [headers(id, [[":status", "103"]], { end: true })]],
  ])("%s", async (_story, say) => {
    const { ambush, outcome, server, id } = await asked();
    server.write(...say(id));
    expect(await outcome).toMatchObject({ code: Code.INTERNAL, remote: false, unprocessed: false });
    await ambush.expectCall(server);
  });
});

describe("a response that only looks odd is one:", () => {
  test("behind informational ones (§8.1)", async () => {
    const { client, ...ambush } = await start();
    const answer = client.unary({});
    const server = await ambush.accept();
    const { id } = await requestOn(server);
    server.write(
      headers(id, [[":status", "100"]]),
      headers(id, [
        [":status", "103"],
        ["link", "</x>"],
      ]),
      wholeAnswer(id, { text: "at last" }),
    );
    expect((await answer).text).toBe("at last");
  });

  test("in pieces, padded, with empty frames in between", async () => {
    const { client, ...ambush } = await start();
    const answer = client.unary({});
    const server = await ambush.accept();
    const { id } = await requestOn(server);
    const message = echoResponse({ text: "in pieces" });
    server.write(headers(id, responseFields, { padding: 9 }), data(id));
    for (const byte of message) server.write(data(id, Buffer.of(byte), { padding: 1 }));
    server.write(data(id, "", { padding: 0 }), headers(id, okTrailer, { end: true }));
    expect((await answer).text).toBe("in pieces");
  });

  test("reset with NO_ERROR behind its trailers: the rest of the request is not wanted (§8.1)", async () => {
    const { client, ...ambush } = await start();
    const answer = client.clientStream(never());
    const server = await ambush.accept();
    const { id } = await requestOn(server);
    server.write(wholeAnswer(id, { text: "enough" }), reset(id, ErrorCode.NO_ERROR));
    expect((await answer).text).toBe("enough");
  });

  async function start() {
    const ambush = await Ambush.lay();
    return { client: ambush.client, accept: () => ambush.accept() };
  }

  async function* never(): AsyncGenerator<object> {
    await new Promise(() => {});
  }
});

describe("RST_STREAM of a server ends its call, as PROTOCOL-HTTP2.md maps its code, and no other:", () => {
  test.each<[ErrorName | number, Code, unprocessed: boolean]>([
    ["NO_ERROR", Code.INTERNAL, false],
    ["PROTOCOL_ERROR", Code.INTERNAL, false],
    ["INTERNAL_ERROR", Code.INTERNAL, false],
    ["FLOW_CONTROL_ERROR", Code.INTERNAL, false],
    ["SETTINGS_TIMEOUT", Code.INTERNAL, false],
    ["STREAM_CLOSED", Code.INTERNAL, false],
    ["FRAME_SIZE_ERROR", Code.INTERNAL, false],
    ["REFUSED_STREAM", Code.UNAVAILABLE, true],
    ["CANCEL", Code.CANCELLED, false],
    ["COMPRESSION_ERROR", Code.INTERNAL, false],
    ["CONNECT_ERROR", Code.INTERNAL, false],
    ["ENHANCE_YOUR_CALM", Code.RESOURCE_EXHAUSTED, false],
    ["INADEQUATE_SECURITY", Code.PERMISSION_DENIED, false],
    ["HTTP_1_1_REQUIRED", Code.INTERNAL, false],
    [99, Code.INTERNAL, false],
    [0xffffffff, Code.INTERNAL, false],
  ])("%s is code %d", async (name, code, unprocessed) => {
    const ambush = await Ambush.lay();
    const number = typeof name === "number" ? name : ErrorCode[name];
    let server: Awaited<ReturnType<Ambush["accept"]>> | undefined;
    for (const call of [() => ambush.client.unary({}), () => collect(ambush.client.serverStream({}))]) {
      for (const answer of [[], [responseFields]]) {
        const outcome = rpcFailure(call());
        server ??= await ambush.accept();
        const { id } = await requestOn(server);
        for (const fields of answer) server.write(headers(id, fields));
        server.write(reset(id, number));
        const error = await outcome;
        expect(error).toMatchObject({ code, unprocessed, remote: false });
        expect(error.message).toMatch(/^hawser\.test\.v1\.EchoService\/\w+ at grpc:.*RST_STREAM/);
      }
      await ambush.expectCall(server!);
    }
  });
});

describe("a server that breaks a rule of one stream loses that, and its call only:", () => {
  test.each<[story: string, code: ErrorName, say: (id: number) => readonly Buffer[]]>([
    ["a window that grows by 0 (§6.9)", "PROTOCOL_ERROR", (id) => [windowUpdate(id, 0)]],
    ["a window that overflows (§6.9.1)", "FLOW_CONTROL_ERROR", (id) => [windowUpdate(id, 0x7fffffff)]],
  ])("%s is %s", async (_story, code, say) => {
    const { ambush, outcome, server, id } = await asked();
    server.write(...say(id));
    expect(await outcome).toMatchObject({ code: Code.INTERNAL, remote: false, unprocessed: false });
    await ambush.expectStreamError(server, id, code);
  });

  test("what comes late for a call that was given up is passed over, and its window given back (§5.1)", async () => {
    const ambush = await Ambush.lay();
    const aborting = new AbortController();
    const outcome = rpcFailure(ambush.client.unary({}, { signal: aborting.signal }));
    const server = await ambush.accept();
    const { id } = await requestOn(server);
    server.write(headers(id, responseFields));
    aborting.abort();
    expect(await outcome).toMatchObject({ code: Code.CANCELLED });
    expect(await server.next(isReset(id))).toMatchObject({ code: ErrorCode.CANCEL });
    server.write(data(id, echoResponse()), headers(id, okTrailer, { end: true }), windowUpdate(id, 0), reset(id, 8));
    await ambush.expectCall(server);
  });
});

describe("what a client sends", () => {
  test("is what a gRPC server asks for: pseudo-header fields first, lower-case names, no fields of the connection (§8.3)", async () => {
    const ambush = await Ambush.lay();
    const answer = ambush.client.unary({}, { metadata: { "X-Mark": "1" } });
    const server = await ambush.accept();
    const { id, fields, endStream } = await server.next(isHeaders());
    expect(id).toBe(1);
    expect(endStream).toBe(false);
    const names = fields.map(([name]) => name);
    expect(names.slice(0, 4).sort()).toEqual([":authority", ":method", ":path", ":scheme"]);
    expect(names.every((name) => name === name.toLowerCase())).toBe(true);
    expect(names).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(connection|host|transfer-encoding|upgrade)$/)]),
    );
    expect(fields).toContainEqual(["te", "trailers"]);
    expect(fields).toContainEqual(["x-mark", "1"]);
    const body = await server.next(isData(id));
    expect(body.endStream).toBe(true);
    server.write(wholeAnswer(id));
    await answer;
  });
});
