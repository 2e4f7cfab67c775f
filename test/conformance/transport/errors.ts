import { expect } from "vitest";
import { type Logger, silentLogger } from "../../../src/contract/contract.js";
import { BadRequest, Code, detail, type ErrorDetail, ErrorInfo, RpcError } from "../../../src/errors/errors.js";
import { collect, failure, rpcFailure } from "../../support/collect.js";
import { Diary } from "../../support/diary.js";
import type { EchoHandlers } from "../../support/echo.js";
import { Moment } from "../../support/moment.js";
import type { EchoClient, Story } from "./story.js";

const messages = [
  "plain",
  "",
  "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n",
  "100 % of %41 and %zz",
  "quotes \" and \\ and /?#[]@!$&'()*+,;=",
  " spaces around ",
];

/** Texts that grpc-js itself uses for failures of the connection; here a handler says them. */
const misleading = [
  "Channel 7 is not on air",
  "Connection dropped",
  "Name resolution failed for target ipv4:10.0.0.1",
  "Call cancelled",
  "Received message larger than max (5 vs. 4)",
  "Received RST_STREAM with code 2 (Internal server error)",
  "Write failed",
  "Failed to reserve stock",
  "No connection established. Last error: connect ECONNREFUSED",
];

/** Handlers that fail before they have answered anything. */
function failing(fail: () => unknown): Partial<EchoHandlers> {
  return {
    unary: () => {
      throw fail();
    },
    clientStream: async (requests) => {
      await collect(requests);
      throw fail();
    },
    serverStream: () => {
      throw fail();
    },
    // biome-ignore lint/correctness/useYield: it fails first
    async *bidi(requests) {
      await collect(requests);
      throw fail();
    },
  };
}

function fail(reason: unknown): never {
  throw reason;
}

function everyShape(client: EchoClient): readonly (() => Promise<unknown>)[] {
  return [
    () => client.unary({}),
    () => collect(client.serverStream({})),
    () => client.clientStream([{}]),
    () => collect(client.bidi([{}])),
  ];
}

/** An error keeps its meaning. */
export function errors(story: Story): void {
  story("all 16 codes arrive, each with any message", async (stage) => {
    const { client } = await stage.play();
    for (let code = 1; code <= 16; code++) {
      for (const message of messages) {
        const error = await rpcFailure(client.unary({ failCode: code, failMessage: message }));
        expect({ code: error.code, message: error.message }).toEqual({ code, message });
        expect(error).toMatchObject({ remote: true, unprocessed: false, details: [] });
      }
    }
  });

  story("an error of each shape arrives with code and message", async (stage) => {
    const { client } = await stage.play(failing(() => new RpcError(Code.OUT_OF_RANGE, "beyond the end")));
    for (const call of everyShape(client)) {
      expect(await rpcFailure(call())).toMatchObject({
        code: Code.OUT_OF_RANGE,
        message: "beyond the end",
        remote: true,
      });
    }
  });

  story("an error ends a stream after the responses that came before it", async (stage) => {
    const { client } = await stage.play();
    const request = { count: 3, failCode: Code.DATA_LOSS, failMessage: "torn" };
    for (const stream of [client.serverStream(request), client.bidi([request])]) {
      const indices: number[] = [];
      const error = await failure(
        (async () => {
          for await (const { index } of stream) indices.push(index);
        })(),
      );
      expect(error).toMatchObject({ code: Code.DATA_LOSS, message: "torn", remote: true });
      expect(indices).toEqual([0, 1, 2]);
    }
  });

  story("a text that is no well-formed Unicode arrives mended", async (stage) => {
    const { client } = await stage.play(failing(() => new RpcError(Code.INTERNAL, "half \ud83d a face")));
    expect(await failure(client.unary({}))).toMatchObject({ code: Code.INTERNAL, message: "half \ufffd a face" });
  });

  story("rich details arrive as they were thrown, in every shape", async (stage) => {
    const details = [
      detail(BadRequest, { fieldViolations: [{ field: "sku", description: "must not be empty: ☺" }] }),
      detail(ErrorInfo, { reason: "EMPTY_SKU", domain: "shop.test", metadata: { order: "17" } }),
    ];
    const { client } = await stage.play(failing(() => new RpcError(Code.INVALID_ARGUMENT, "sku ☺", { details })));
    for (const call of everyShape(client)) {
      const error = await rpcFailure(call());
      expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, message: "sku ☺" });
      expect(error.detail(BadRequest)?.fieldViolations[0]).toMatchObject({
        field: "sku",
        description: "must not be empty: ☺",
      });
      expect(error.detail(ErrorInfo)).toEqual({
        reason: "EMPTY_SKU",
        domain: "shop.test",
        metadata: { order: "17" },
      });
      expect(error.details.map(({ type }) => type)).toEqual(["google.rpc.BadRequest", "google.rpc.ErrorInfo"]);
    }
  });

  story("an error too large for its caller keeps its code and ends its call alone", async (stage) => {
    const begun = new Moment();
    const goOn = new Moment();
    const text = "the beginning counts ☺".padEnd(12_000, "x");
    const details = [detail(ErrorInfo, { reason: "x".repeat(8000) })];
    const { client } = await stage.play({
      unary: ({ count }) => {
        throw new RpcError(Code.NOT_FOUND, count === 0 ? text : "no such thing", { details });
      },
      async *serverStream() {
        yield {};
        begun.now();
        await goOn.promise;
        yield {};
      },
    });
    const other = collect(client.serverStream({}));
    await begun.promise;
    expect(await rpcFailure(client.unary({ count: 0 }))).toMatchObject({ code: Code.NOT_FOUND, remote: true });
    expect(await rpcFailure(client.unary({ count: 1 }))).toMatchObject({
      code: Code.NOT_FOUND,
      message: "no such thing",
      remote: true,
    });
    goOn.now();
    expect(await other).toHaveLength(2);
  });

  story("details that nobody has packed do not keep an error from its caller", async (stage) => {
    const packed = detail(ErrorInfo, { reason: "EMPTY_SKU", domain: "shop.test" });
    const unpacked = [{ fieldViolations: [] }, undefined, { type: "x", value: "text" }] as unknown as ErrorDetail[];
    const details = [...unpacked, packed];
    const { client } = await stage.play(
      failing(() => new RpcError(Code.INVALID_ARGUMENT, "sku is empty", { details })),
    );
    for (const call of everyShape(client)) {
      expect(await rpcFailure(call())).toMatchObject({ code: Code.INVALID_ARGUMENT, message: "sku is empty" });
    }
    expect((await client.unary({}).catch((error: RpcError) => error.details)) as unknown).toContainEqual(packed);
  });

  story("an error that cannot be sent ends its call all the same, and its server is told", async (stage) => {
    const logger = new Diary();
    const torn = Object.defineProperty(new RpcError(Code.ABORTED, "torn"), "message", {
      get: () => {
        throw new Error("no text");
      },
    });
    const { client } = await stage.play(
      failing(() => torn),
      { server: { logger } },
    );
    for (const call of everyShape(client)) {
      expect(await rpcFailure(call())).toMatchObject({
        code: Code.INTERNAL,
        message: expect.stringMatching(/cannot be sent/),
      });
      expect(logger.lines.pop()).toMatchObject({ err: expect.objectContaining({ message: "no text" }) });
    }
  });

  story("a failure nobody named reaches the caller as a neutral text and the log whole", async (stage) => {
    const logger = new Diary();
    const secret = new Error("password=hunter2");
    const { client } = await stage.play(
      failing(() => secret),
      { server: { logger } },
    );
    for (const call of everyShape(client)) {
      const error = await rpcFailure(call());
      expect(error).toMatchObject({ code: Code.UNKNOWN, remote: true, details: [] });
      expect(error.message).toMatch(/^unknown error \(error id [0-9a-f-]{36}\)$/);
      expect(`${error.stack} ${error.cause} ${JSON.stringify(error)}`).not.toContain("hunter2");
      expect(logger.lines).toHaveLength(1);
      expect(logger.lines[0]).toMatchObject({ err: secret });
      expect(error.message).toContain(String(logger.lines.pop()?.["error_id"]));
    }
  });

  story("an iterator that throws at once has failed like any other", async (stage) => {
    const logger = new Diary();
    const secret = new Error("password=hunter2");
    const torn = {
      next: () => {
        throw secret;
      },
    };
    const { client } = await stage.play(
      { serverStream: () => ({ [Symbol.asyncIterator]: () => torn }) as unknown as AsyncIterable<object> },
      { server: { logger } },
    );
    const error = await rpcFailure(collect(client.serverStream({})));
    expect(error).toMatchObject({ code: Code.UNKNOWN, remote: true });
    expect(logger.lines).toMatchObject([{ err: secret }]);
    expect(error.message).toContain(String(logger.lines[0]?.["error_id"]));
  });

  story("a stream that fails as it tidies up, its caller gone, is told in the log, and harms nobody", async (stage) => {
    const torn = new Error("the nets are torn");
    const endlessly: [string, () => AsyncIterable<object> | Iterable<object>][] = [
      [
        "a generator",
        function* () {
          try {
            for (;;) yield {};
          } finally {
            fail(torn);
          }
        },
      ],
      [
        "an async generator",
        async function* () {
          try {
            for (;;) yield {};
          } finally {
            fail(torn);
          }
        },
      ],
      ["an iterator", () => ({ [Symbol.iterator]: () => ({ next: () => ({ value: {} }), return: () => fail(torn) }) })],
    ];
    for (const [kind, serverStream] of endlessly) {
      const told = new Moment<object>();
      const logger: Logger = { ...silentLogger, error: told.now };
      const { client } = await stage.play({ serverStream }, { server: { logger } });
      for await (const _ of client.serverStream({})) break;
      expect(await told.promise, kind).toMatchObject({
        err: torn,
        error_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        "rpc.method": "hawser.test.v1.EchoService/ServerStream",
      });
      expect((await client.unary({ text: "well" })).text).toBe("well");
    }
  });

  story("a business error is nothing to log", async (stage) => {
    const logger = new Diary();
    const { client } = await stage.play(
      failing(() => new RpcError(Code.NOT_FOUND, "no order 17")),
      { server: { logger } },
    );
    for (const call of everyShape(client)) await failure(call());
    expect(logger.lines).toEqual([]);
  });

  story("a business error is nothing to log where a stream tidies up, either", async (stage) => {
    const logger = new Diary();
    const left = new Moment();
    const { client } = await stage.play(
      {
        async *serverStream() {
          try {
            for (;;) yield {};
          } finally {
            left.now();
            fail(new RpcError(Code.NOT_FOUND, "no order 17"));
          }
        },
      },
      { server: { logger } },
    );
    for await (const _ of client.serverStream({})) break;
    await left.promise;
    await client.unary({});
    expect(logger.lines).toEqual([]);
  });

  story("cause and stack of an error stay where it arose", async (stage) => {
    const cause = new Error("password=hunter2");
    const { client } = await stage.play(failing(() => new RpcError(Code.INTERNAL, "the ledger is torn", { cause })));
    const error = await rpcFailure(client.unary({}));
    expect(error.cause).toBeUndefined();
    expect(error.stack).not.toContain("hunter2");
  });

  story("a server's error stays a server's error, whatever it says", async (stage) => {
    const { client } = await stage.play();
    for (const message of misleading) {
      const error = await rpcFailure(client.unary({ failCode: Code.FAILED_PRECONDITION, failMessage: message }));
      expect(error).toMatchObject({ code: Code.FAILED_PRECONDITION, message, remote: true, unprocessed: false });
    }
    for (const message of [
      "Channel 7 is not on air",
      "Failed to reserve stock",
      "Write the date first",
      "Received message",
    ]) {
      const error = await rpcFailure(client.serverStream({ count: 1, failCode: Code.ABORTED, failMessage: message }));
      expect(error).toMatchObject({ code: Code.ABORTED, message, remote: true, unprocessed: false });
    }
  });

  story("a call that a server has begun to answer is made once, whatever its error says", async (stage) => {
    let handled = 0;
    const { client } = await stage.play({
      unary({ failCode, failMessage }, call) {
        handled++;
        call.sendHeader();
        throw new RpcError(failCode as Code, failMessage);
      },
    });
    for (const [failCode, failMessage] of [
      [Code.INTERNAL, "Failed to start HTTP/2 stream with error The session has been destroyed"],
      [Code.UNAVAILABLE, "Stream refused by server"],
    ] as const) {
      const error = await rpcFailure(client.unary({ failCode, failMessage }));
      expect(error).toMatchObject({ code: failCode, unprocessed: false });
      expect(error.message).toContain(failMessage);
    }
    expect(handled).toBe(2);
  });

  story("where nobody listens a call is UNAVAILABLE, unprocessed, and names the address", async (stage) => {
    const { server, address, transport } = await stage.play();
    await server.close();
    const client = stage.client(transport, address, { retry: false });
    for (const call of everyShape(client)) {
      const error = await rpcFailure(call());
      expect(error).toMatchObject({ code: Code.UNAVAILABLE, remote: false, unprocessed: true });
      expect(error.message).toContain(address);
    }
  });

  story("a call never sent leaves the caller's stream of requests untouched", async (stage) => {
    const { server, address, transport } = await stage.play();
    await server.close();
    const client = stage.client(transport, address, { retry: false });
    let read = 0;
    function* requests() {
      read++;
      yield {};
    }
    await failure(client.clientStream(requests()));
    await failure(client.bidi(requests()));
    expect(read).toBe(0);
  });

  story("a request that does not fit its type fails here and now, and nothing else does", async (stage) => {
    const { client } = await stage.play();
    const wrong = { count: "many" as unknown as number };
    for (const call of [
      () => client.unary(wrong),
      () => client.serverStream(wrong),
      () => client.clientStream([wrong]),
      () => client.bidi([{ count: 1 }, wrong]),
    ]) {
      const error = await rpcFailure(call());
      expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, remote: false });
      expect(error.message).toContain("the request does not fit hawser.test.v1.EchoRequest");
    }
    expect((await client.unary({ text: "still there" })).text).toBe("still there");
  });

  story("a response that does not fit its type is INTERNAL, and the server goes on", async (stage) => {
    const wrong = { index: "first" as unknown as number };
    const { client } = await stage.play({
      unary: ({ text }) => (text === "" ? wrong : { text }),
      clientStream: () => wrong,
      async *serverStream() {
        yield wrong;
      },
      async *bidi() {
        yield {};
        yield wrong;
      },
    });
    for (const call of everyShape(client)) {
      const error = await rpcFailure(call());
      expect(error).toMatchObject({ code: Code.INTERNAL, remote: true });
      expect(error.message).toContain("the response does not fit hawser.test.v1.EchoResponse");
    }
    expect((await client.unary({ text: "still there" })).text).toBe("still there");
  });

  story("an error of a downstream keeps code, message and details when it is let fly", async (stage) => {
    const details = [detail(ErrorInfo, { reason: "SOLD_OUT", domain: "shop.test" })];
    const inventory = await stage.play(
      failing(() => new RpcError(Code.FAILED_PRECONDITION, "none left ☺", { details })),
    );
    const { client } = await stage.play({
      unary: () => inventory.client.unary({}),
      clientStream: (requests) => inventory.client.clientStream(requests),
      serverStream: () => inventory.client.serverStream({}),
      bidi: (requests) => inventory.client.bidi(requests),
    });
    for (const call of everyShape(client)) {
      const error = await rpcFailure(call());
      expect(error).toMatchObject({ code: Code.FAILED_PRECONDITION, message: "none left ☺", remote: true });
      expect(error.detail(ErrorInfo)).toMatchObject({ reason: "SOLD_OUT", domain: "shop.test" });
    }
  });

  story("a downstream that refused a call unprocessed does not make its caller unprocessed", async (stage) => {
    const inventory = await stage.play();
    await inventory.server.close();
    let handled = 0;
    const { connect } = await stage.play({
      unary: () => {
        handled++;
        return inventory.client.unary({});
      },
    });
    const error = await rpcFailure(connect().unary({}));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, remote: true, unprocessed: false });
    expect(handled).toBe(1);
  });
}
