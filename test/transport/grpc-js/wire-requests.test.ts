import { deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { createServer, type Server } from "../../../src/server/server.js";
import { grpcJsTransport } from "../../../src/transport/grpc-js/grpc-js.js";
import { EchoRequest, EchoResponse } from "../../gen/hawser/test/v1/echo.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { Moment } from "../../support/moment.js";
import { answerOf, frame, type RawAnswer, RawClient } from "../../support/raw-grpc.js";

const unary = "/hawser.test.v1.EchoService/Unary";
const clientStream = "/hawser.test.v1.EchoService/ClientStream";
const bidi = "/hawser.test.v1.EchoService/Bidi";
const request = (message: Partial<EchoRequest> = {}): Buffer =>
  Buffer.from(EchoRequest.encode(EchoRequest.fromPartial(message)).finish());
const hello = frame(request({ text: "hello" }));
const decoded = ({ messages }: RawAnswer) => messages.map(({ bytes }) => EchoResponse.decode(bytes));

let handled: EchoRequest[] = [];
let server: Server;
let client: RawClient;

beforeAll(async () => {
  const base = echo();
  server = createServer({ transport: grpcJsTransport(), address: "grpc://127.0.0.1:0" }).add(
    EchoServiceDefinition,
    echo({
      unary: (message, call) => {
        handled.push(message);
        return base.unary(message, call);
      },
    }),
  );
  await server.start();
  client = new RawClient(server.address);
});

afterAll(async () => {
  await client.close();
  await server.close({ graceMs: 0 });
});

/** The connection stands, and the next call on it is answered. */
async function expectLife(): Promise<void> {
  expect(client.open).toBe(true);
  const answer = await client.call(unary, hello);
  expect(answer.status).toBe(Code.OK);
  expect(decoded(answer)).toMatchObject([{ text: "hello" }]);
}

/** A call that is ended with a status, its handler unasked, and harms nobody else. */
async function expectRefusal(call: Promise<RawAnswer>, code: Code, text: RegExp): Promise<void> {
  handled = [];
  const answer = await call;
  expect({ status: answer.status, message: answer.message }).toEqual({
    status: code,
    message: expect.stringMatching(text),
  });
  expect(answer.header[":status"]).toBe(200);
  expect(answer.messages).toEqual([]);
  expect(handled).toEqual([]);
  await expectLife();
}

describe("a grpc-js server and grpc-timeout", () => {
  test.each([
    "",
    "1",
    "m",
    "S1",
    "-1m",
    "+1m",
    "1.5S",
    "1e3m",
    "1 m",
    "1mm",
    "1x",
    "0x1m",
    "123456789m",
    "१m",
    "1m,1m",
  ])("%j is INTERNAL and names the value", async (timeout) => {
    const encoded = Buffer.from(timeout).toString("latin1");
    await expectRefusal(
      client.call(unary, hello, { "grpc-timeout": encoded }),
      Code.INTERNAL,
      /^malformed grpc-timeout .*expected 1 to 8 digits and a unit/,
    );
  });

  test.each(["1H", "99999999H", "3M", "00000009S", "99999999m", "99999999u", "99999999n"])(
    "%j is time enough",
    async (timeout) => {
      expect((await client.call(unary, hello, { "grpc-timeout": timeout })).status).toBe(Code.OK);
    },
  );

  test.each(["0S", "0n", "00000000H"])("%j is over before the handler is asked", async (timeout) => {
    await expectRefusal(client.call(unary, hello, { "grpc-timeout": timeout }), Code.DEADLINE_EXCEEDED, /deadline/);
  });

  test("a caller who never sends its request is told when its time is over", async () => {
    const stream = client.begin(unary, { "grpc-timeout": "20m" });
    const answer = answerOf(stream);
    await new Promise((resolve) => stream.once("response", resolve));
    stream.end();
    expect((await answer).status).toBe(Code.DEADLINE_EXCEEDED);
    await expectLife();
  });

  test("a caller who never ends its stream of requests is told when its time is over", async () => {
    const stream = client.begin(clientStream, { "grpc-timeout": "20m" });
    const answer = answerOf(stream);
    stream.write(hello);
    await new Promise((resolve) => stream.once("response", resolve));
    stream.end();
    expect((await answer).status).toBe(Code.DEADLINE_EXCEEDED);
    await expectLife();
  });
});

describe("a grpc-js server and malformed frames", () => {
  test("a prefix that breaks off is an error of this call", async () => {
    await expectRefusal(client.call(unary, Buffer.from([0, 0, 0])), Code.INTERNAL, /incomplete|broke off|truncated/i);
  });

  test("a message shorter than its prefix says is an error of this call", async () => {
    await expectRefusal(client.call(unary, frame("abc", 0, 10)), Code.INTERNAL, /incomplete|broke off|truncated/i);
  });

  test("a stream of requests that breaks off within a message never looks complete", async () => {
    const answer = await client.call(clientStream, [hello, frame("abc", 0, 10)]);
    expect(answer.status).toBe(Code.INTERNAL);
    expect(answer.messages).toEqual([]);
    await expectLife();
  });

  test("a length beyond the limit is refused before anything of it is here", async () => {
    const stream = client.begin(unary);
    const answer = answerOf(stream);
    stream.write(frame("", 0, 0xffffffff));
    await new Promise((resolve) => stream.once("response", resolve));
    stream.end();
    expect(await answer).toMatchObject({ status: Code.RESOURCE_EXHAUSTED, messages: [] });
    await expectLife();
  });

  test("bytes that are no protobuf are INTERNAL and name the message type", async () => {
    await expectRefusal(
      client.call(unary, frame(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00]))),
      Code.INTERNAL,
      /the request is no hawser\.test\.v1\.EchoRequest/,
    );
  });

  test("garbage within a stream of requests ends it", async () => {
    const garbage = frame(Buffer.from([0xff, 0xff, 0xff]));
    expect((await client.call(clientStream, [hello, garbage])).status).toBe(Code.INTERNAL);
    expect((await client.call(bidi, [frame(request({ count: 1 })), garbage])).status).toBe(Code.INTERNAL);
    await expectLife();
  });

  test("no message to a method that takes one is UNIMPLEMENTED", async () => {
    await expectRefusal(client.call(unary), Code.UNIMPLEMENTED, /0 requests to a method that takes one/);
  });

  test("two messages to a method that takes one are UNIMPLEMENTED", async () => {
    await expectRefusal(
      client.call(unary, [hello, hello]),
      Code.UNIMPLEMENTED,
      /2 requests to a method that takes one/,
    );
  });

  test("messages may come in any pieces", async () => {
    const whole = Buffer.concat([hello, frame(request({ payload: Buffer.alloc(300, "x") })), frame("")]);
    const stream = client.begin(clientStream);
    const answer = answerOf(stream);
    for (const byte of whole) stream.write(Buffer.of(byte));
    stream.end();
    expect(decoded(await answer)).toMatchObject([{ requests: 3 }]);
  });
});

describe("a grpc-js server and compression", () => {
  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
  ] as const)("%s is understood", async (encoding, compress) => {
    const answer = await client.call(unary, frame(compress(request({ text: "small" })), 1), {
      "grpc-encoding": encoding,
    });
    expect(decoded(answer)).toMatchObject([{ text: "small" }]);
  });

  test("a message may stay as it is where others are compressed", async () => {
    const answer = await client.call(clientStream, [hello, frame(gzipSync(request()), 1), hello], {
      "grpc-encoding": "gzip",
    });
    expect(decoded(answer)).toMatchObject([{ requests: 3 }]);
  });

  // grpc-js ignores the flag then and hands on the bytes: it is they that do not fit.
  test.each([undefined, "identity"])("the compressed flag with grpc-encoding %s is INTERNAL", async (encoding) => {
    await expectRefusal(
      client.call(unary, frame(gzipSync(request()), 1), { "grpc-encoding": encoding }),
      Code.INTERNAL,
      /the request is no hawser\.test\.v1\.EchoRequest/,
    );
  });

  test("an encoding nobody knows is UNIMPLEMENTED, and the answer says which are known", async () => {
    const call = client.call(unary, frame("x", 1), { "grpc-encoding": "snappy" });
    await expectRefusal(call, Code.UNIMPLEMENTED, /snappy/);
    expect((await call).header["grpc-accept-encoding"]).toContain("gzip");
  });

  test.each(["gzip", "deflate"])("bytes that are no %s are INTERNAL", async (encoding) => {
    await expectRefusal(
      client.call(unary, frame("this was never compressed", 1), { "grpc-encoding": encoding }),
      Code.INTERNAL,
      /decompress/,
    );
  });

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
  ] as const)("a bomb of %s does not unfold", async (encoding, compress) => {
    const bomb = compress(Buffer.alloc(256 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(300_000);
    const before = process.memoryUsage().rss;
    await expectRefusal(
      client.call(unary, frame(bomb, 1), { "grpc-encoding": encoding }),
      Code.RESOURCE_EXHAUSTED,
      /decompresses to a size larger than 4194304/,
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
  });

  test("answers are compressed only for those who understand it", async () => {
    const compressing = createServer({
      transport: grpcJsTransport({ compression: "gzip", compressMinBytes: 10 }),
      address: "grpc://127.0.0.1:0",
    }).add(EchoServiceDefinition, echo());
    await compressing.start();
    const other = new RawClient(compressing.address);
    const large = frame(request({ text: "x".repeat(1000) }));
    for (const [accepted, compressed] of [
      [undefined, false],
      ["identity", false],
      ["identity,deflate", false],
      ["identity, gzip", true],
    ] as const) {
      const answer = await other.call(unary, large, { "grpc-accept-encoding": accepted });
      expect(answer.messages.map((each) => each.compressed)).toEqual([compressed]);
      expect(answer.header["grpc-encoding"]).toBe(compressed ? "gzip" : "identity");
    }
    const small = await other.call(unary, frame(request({ text: "x" })), { "grpc-accept-encoding": "gzip" });
    expect(small.messages.map((each) => each.compressed)).toEqual([false]);
    await other.close();
    await compressing.close({ graceMs: 0 });
  });
});

describe("a grpc-js server and header fields", () => {
  test.each([undefined, "text/plain", "application/json", "application/grp"])(
    "content-type %s is no gRPC: 415",
    async (contentType) => {
      const answer = await client.call(unary, hello, { "content-type": contentType });
      expect(answer.header[":status"]).toBe(415);
      expect(answer.messages).toEqual([]);
      await expectLife();
    },
  );

  test.each(["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"])(
    "content-type %s is protobuf",
    async (contentType) => {
      const answer = await client.call(unary, hello, { "content-type": contentType });
      expect(decoded(answer)).toMatchObject([{ text: "hello" }]);
    },
  );

  test.each(["application/grpc+xml", "application/grpc-web", "application/grpcweb+proto"])(
    "content-type %s is UNIMPLEMENTED, and the answer says what is not",
    async (contentType) => {
      await expectRefusal(
        client.call(unary, hello, { "content-type": contentType }),
        Code.UNIMPLEMENTED,
        /supported are application\/grpc\+proto, application\/grpc\+json/,
      );
    },
  );

  test.each([
    "/hawser.test.v1.EchoService/Nothing",
    "/no.such.Service/Unary",
    "/",
    "/x",
    unary.toLowerCase(),
    `${unary}/`,
    `/${unary}`,
  ])("path %s is UNIMPLEMENTED", async (path) => {
    await expectRefusal(client.call(path, hello), Code.UNIMPLEMENTED, /does not implement the method/);
  });

  test.each(["__proto__", "constructor", "toString"])("path /%s is UNIMPLEMENTED", async (name) => {
    await expectRefusal(client.call(`/${name}`, hello), Code.UNIMPLEMENTED, /does not implement the method/);
  });

  test.each(["%%%", "a", "AB=C", "AAAAA", "☺".normalize()])(
    "-bin metadata %j that is no base64 is INTERNAL",
    async (value) => {
      await expectRefusal(
        client.call(unary, hello, { "x-seal-bin": Buffer.from(value).toString("latin1") }),
        Code.INTERNAL,
        /x-seal-bin/,
      );
    },
  );

  test("-bin metadata may be padded or not, and several values may share a field", async () => {
    const answer = await client.call(unary, hello, { "x-seal-bin": "AQ==,AQI", "x-none-bin": "" });
    expect(decoded(answer)[0]?.metadata).toEqual({ "x-seal-bin": "AQ==,AQI=", "x-none-bin": "" });
  });

  test("repeated fields are several values, and what belongs to gRPC or HTTP is no metadata", async () => {
    const answer = await client.call(unary, hello, {
      "x-list": ["one", "two"],
      "user-agent": "raw/1.0",
      "grpc-timeout": "10S",
      "grpc-accept-encoding": "identity",
      "grpc-previous-rpc-attempts": "1",
      "accept-encoding": "identity",
    });
    expect(decoded(answer)[0]?.metadata).toEqual({ "x-list": "one,two" });
  });

  test("header fields beyond the limit end the call, and no other", async () => {
    const running = client.begin(bidi);
    const answer = answerOf(running);
    running.write(frame(request({ count: 1, text: "before" })));
    const refused = await client.call(unary, hello, { "x-large": "x".repeat(20_000) });
    expect(Number(refused.header[":status"]) === 431 || refused.resetCode !== 0).toBe(true);
    expect(refused.messages).toEqual([]);
    running.end(frame(request({ count: 1, text: "after" })));
    expect(decoded(await answer).map(({ text }) => text)).toEqual(["before", "after"]);
    await expectLife();
  });

  test("more header fields than anybody needs end the call, and no other", async () => {
    const fields = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`x-${n}`, "1"]));
    const refused = await client.call(unary, hello, fields);
    expect(refused.status).not.toBe(Code.OK);
    await expectLife();
  });

  test("another method than POST is no call", async () => {
    const answer = await client.call(unary, hello, { ":method": "PUT" });
    expect(answer.status).not.toBe(Code.OK);
    await expectLife();
  });
});

describe("a grpc-js server and its answers", () => {
  test("an answer has the fields gRPC asks for", async () => {
    const answer = await client.call(unary, hello);
    expect(answer.header).toMatchObject({ ":status": 200, "content-type": "application/grpc" });
    expect(answer.trailer).toMatchObject({ "grpc-status": "0" });
    expect(answer.messages).toHaveLength(1);
  });

  test("a message of any text is percent-encoded", async () => {
    const text = "\t\n☺ 😈 100 %\r\n";
    const answer = await client.call(unary, frame(request({ failCode: 3, failMessage: text })));
    expect(answer).toMatchObject({ status: 3, message: text });
    expect(answer.trailer["grpc-message"]).toMatch(/^[ -~]*$/);
  });

  test("nothing of a failure nobody named is on the wire", async () => {
    const leaky = createServer({ transport: grpcJsTransport(), address: "grpc://127.0.0.1:0" }).add(
      EchoServiceDefinition,
      echo({
        unary: () => {
          throw new Error("password=hunter2", { cause: new Error("secret=swordfish") });
        },
        async *serverStream() {
          yield {};
          throw Object.assign(new Error("password=hunter2"), { code: 5, details: "secret=swordfish" });
        },
      }),
    );
    await leaky.start();
    const other = new RawClient(leaky.address);
    for (const path of [unary, "/hawser.test.v1.EchoService/ServerStream"]) {
      const answer = await other.call(path, hello);
      expect(answer.status).toBe(Code.UNKNOWN);
      expect(answer.message).toMatch(/^unknown error \(error id [0-9a-f-]{36}\)$/);
      expect(JSON.stringify(answer)).not.toMatch(/hunter2|swordfish|\.ts|node:/);
    }
    await other.close();
    await leaky.close({ graceMs: 0 });
  });

  test("a caller that resets its call ends its handler, and no other call", async () => {
    const begun = new Moment();
    const ended = new Moment<unknown>();
    const waiting = createServer({ transport: grpcJsTransport(), address: "grpc://127.0.0.1:0" }).add(
      EchoServiceDefinition,
      echo({
        put: async (_request, call) => {
          call.signal.addEventListener("abort", () => ended.now(call.signal.reason));
          begun.now();
          await ended.promise;
          return {};
        },
      }),
    );
    await waiting.start();
    const other = new RawClient(waiting.address);
    const stream = other.begin("/hawser.test.v1.EchoService/Put");
    const answer = answerOf(stream);
    stream.end(hello);
    await begun.promise;
    stream.close(8);
    expect(await ended.promise).toMatchObject({ code: Code.CANCELLED });
    await answer;
    expect((await other.call(unary, hello)).status).toBe(Code.OK);
    await other.close();
    await waiting.close({ graceMs: 0 });
  });
});
