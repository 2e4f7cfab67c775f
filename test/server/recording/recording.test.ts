import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createClient } from "../../../src/client/client.js";
import type { Middleware } from "../../../src/contract/contract.js";
import { contractsFrom } from "../../../src/contract/from-descriptors.js";
import { Code } from "../../../src/errors/errors.js";
import { HealthDefinition } from "../../../src/gen/grpc/health/v1/health.js";
import { type RecordingOptions, recording } from "../../../src/server/recording/recording.js";
import { createServer } from "../../../src/server/server.js";
import { memoryTransport } from "../../../src/transport/memory/memory.js";
import { collect, rpcFailure } from "../../support/collect.js";
import { type EchoHandlers, EchoServiceDefinition, echo } from "../../support/echo.js";
import { eventually } from "../../support/eventually.js";
import { ManualClock } from "../../support/manual-clock.js";
import { Moment } from "../../support/moment.js";
import { recorded, temporaryFolder } from "./recorded.js";

function given(
  own: Partial<EchoHandlers> = {},
  options: Partial<RecordingOptions> = {},
  inside: readonly Middleware[] = [],
  outside: readonly Middleware[] = [],
) {
  return recorded(EchoServiceDefinition, echo(own), options, inside, outside);
}

describe("a recorded call", () => {
  it("is one line with what came in and what came of it", async () => {
    const clock = new ManualClock(Date.UTC(2026, 0, 1, 12));
    const { client, records } = await given(
      {
        unary: ({ text }) => {
          clock.advance(12);
          return { text };
        },
      },
      { clock },
    );
    await client.unary(
      { text: "hi", payload: Buffer.from("hi"), count: 2 },
      { metadata: { "x-tenant": "acme" }, timeoutMs: Number.POSITIVE_INFINITY },
    );
    expect(await records()).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{6}-1$/),
        time: "2026-01-01T12:00:00.000Z",
        service: "shop",
        method: "hawser.test.v1.EchoService/Unary",
        kind: "unary",
        peer: "memory",
        metadata: { "x-tenant": ["acme"] },
        request: { text: "hi", payload: "aGk=", count: 2 },
        code: "OK",
        durationMs: 12,
      },
    ]);
  });

  it("says how long its caller still wanted to wait", async () => {
    const clock = new ManualClock();
    const { client, records } = await given({}, { clock });
    await client.unary({}, { deadline: clock.now() + 1500 });
    expect(await records()).toMatchObject([{ timeoutMs: 1500 }]);
  });

  it("says with which status it failed", async () => {
    const { client, records } = await given();
    await rpcFailure(client.unary({ failCode: Code.NOT_FOUND, failMessage: "no such mug" }));
    expect(await records()).toMatchObject([{ code: "NOT_FOUND", message: "no such mug", request: { failCode: 5 } }]);
  });

  it("says what its caller saw where the answer came too late", async () => {
    const clock = new ManualClock();
    const slow = () => {
      clock.advance(2000);
      return {};
    };
    const { client, records } = await given({ unary: slow }, { clock });
    expect(await rpcFailure(client.unary({}, { timeoutMs: 1500 }))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    expect(await records()).toMatchObject([{ code: "DEADLINE_EXCEEDED", message: "the deadline had passed" }]);
  });

  const changing: Middleware = (next) => (call) => next(call.with({ metadata: call.metadata.clone() }));

  it.each<[which: string, outside: readonly Middleware[]]>([
    ["", []],
    [", and where a middleware has changed the call", [changing]],
  ])("says what its caller saw where that gave up, though the handler went on%s", async (_which, outside) => {
    const [begun, goOn] = [new Moment(), new Moment()];
    const stubborn = async () => {
      begun.now();
      await goOn.promise;
      return { text: "never heard" };
    };
    const { client, server, records } = await given({ unary: stubborn }, { responses: true }, [], outside);
    const giveUp = new AbortController();
    const failure = rpcFailure(client.unary({}, { signal: giveUp.signal }));
    await begun.promise;
    giveUp.abort();
    expect(await failure).toMatchObject({ code: Code.CANCELLED });
    goOn.now();
    await server.close();
    expect(await records()).toMatchObject([{ code: "CANCELLED", message: expect.stringContaining("by the caller") }]);
  });

  it("leaves a failure nobody named to those who name it", async () => {
    const broken: Middleware = () => () => Promise.reject(new Error("secret of the house"));
    const { client, records } = await given({}, {}, [broken]);
    expect(await rpcFailure(client.unary({}))).toMatchObject({ code: Code.UNKNOWN });
    const [record] = await records();
    expect(record).toMatchObject({ code: "UNKNOWN" });
    expect(JSON.stringify(record)).not.toContain("secret of the house");
  });

  it("holds the request as it came, whatever the handler does to it", async () => {
    const { client, records } = await given({
      unary: (request) => {
        request.text = "mine now";
        return request;
      },
    });
    await client.unary({ text: "yours" });
    expect(await records()).toMatchObject([{ request: { text: "yours" } }]);
  });

  it("holds the metadata as it came, whatever the handler does to it", async () => {
    const { client, records } = await given({
      unary: (request, { metadata }) => {
        metadata.set("x-tenant", "mine now").set("x-mine", "too");
        metadata.get("x-raw-bin")?.fill(0);
        return request;
      },
    });
    await client.unary({}, { metadata: { "x-tenant": "acme", "x-raw-bin": Buffer.from("hi") } });
    const [record] = await records();
    expect(record?.metadata).toEqual({ "x-tenant": ["acme"], "x-raw-bin": ["aGk="] });
  });

  it("hides metadata that lets somebody in, and shows bytes as base64", async () => {
    const { client, records } = await given({}, { hiddenMetadata: ["X-Badge"] });
    await client.unary(
      {},
      {
        metadata: {
          authorization: "Bearer abc",
          cookie: "a=b",
          "x-api-key": "k",
          session_token: ["s", "t"],
          "x-secret-bin": Buffer.from("s"),
          "x-badge": "17",
          "x-author": "Ada",
          "x-raw-bin": Buffer.from("hi"),
          "x-many": ["a", "b"],
        },
      },
    );
    const [record] = await records();
    expect(record?.metadata).toEqual({
      authorization: ["[REDACTED]"],
      cookie: ["[REDACTED]"],
      "x-api-key": ["[REDACTED]"],
      session_token: ["[REDACTED]"],
      "x-secret-bin": ["[REDACTED]"],
      "x-badge": ["[REDACTED]"],
      "x-author": ["Ada"],
      "x-raw-bin": ["aGk="],
      "x-many": ["a", "b"],
    });
  });

  it("has a response only where that is wanted, though a handler gives but a part of it", async () => {
    const { client, records } = await given({ unary: ({ text }) => ({ text }) }, { responses: true });
    await client.unary({ text: "hi" });
    expect(await records()).toMatchObject([{ response: { text: "hi" } }]);
  });

  it("is none where health or reflection was asked", async () => {
    const folder = join(await temporaryFolder(), "recordings");
    const record = recording({ folder, service: "shop", contracts: [EchoServiceDefinition] });
    const transport = memoryTransport();
    await using server = createServer({ transport, address: "memory://shop", middleware: [record] });
    await server.start();
    await using client = createClient(HealthDefinition, { transport, target: "memory://shop" });
    await client.check({});
    await record.close();
    await expect(stat(folder)).rejects.toThrow("ENOENT");
  });

  it("has an id of its own in every process and call", async () => {
    const [a, b] = [await given(), await given()];
    for (const { client } of [a, b]) await Promise.all([client.unary({}), client.unary({})]);
    const ids = [...(await a.records()), ...(await b.records())].map(({ id }) => id);
    expect(new Set(ids).size).toBe(4);
  });
});

describe("a recorded stream", () => {
  it("holds the requests that were read, and the responses that were sent", async () => {
    const { client, records } = await given({}, { responses: true });
    await collect(
      client.bidi([
        { text: "a", count: 1 },
        { text: "b", count: 2 },
      ]),
    );
    expect(await records()).toMatchObject([
      {
        kind: "bidi",
        code: "OK",
        request: [{ text: "a" }, { text: "b" }],
        response: [{ text: "a" }, { text: "b" }, { text: "b", index: 1 }],
      },
    ]);
  });

  it("is written when its responses have been read, with the status they ended with", async () => {
    const { client, records } = await given();
    const failure = collect(client.serverStream({ count: 2, failCode: Code.ABORTED, failMessage: "enough" }));
    await rpcFailure(failure);
    expect(await records()).toMatchObject([{ kind: "serverStream", code: "ABORTED", message: "enough" }]);
  });

  it("says so where its caller broke off", async () => {
    let ended = (): void => {};
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const { client, records } = await given({
      async *serverStream() {
        try {
          for (;;) yield { text: "more" };
        } finally {
          ended();
        }
      },
    });
    for await (const _ of client.serverStream({})) break;
    await end;
    expect(await records()).toMatchObject([{ code: "CANCELLED" }]);
  });

  it("is cut where it has too many messages", async () => {
    const { client, records } = await given({}, { maxCallMessages: 2, responses: true });
    await client.clientStream([{ text: "a" }, { text: "b" }, { text: "c" }]);
    await collect(client.serverStream({ count: 3 }));
    expect(await records()).toMatchObject([
      { request: [{ text: "a" }, { text: "b" }], truncated: true },
      { response: [{}, { index: 1 }], truncatedResponse: true },
    ]);
  });

  it("is cut where it is too large, and one request that is too large is left out", async () => {
    const { client, records } = await given({}, { maxCallBytes: 100 });
    const payload = Buffer.alloc(60, 1);
    await client.clientStream([{ payload }, { payload }]);
    await client.unary({ payload: Buffer.alloc(101) });
    const [stream, unary] = await records();
    expect(stream).toMatchObject({ request: [{ payload: payload.toString("base64") }], truncated: true });
    expect(unary).toMatchObject({ code: "OK", truncated: true });
    expect(unary).not.toHaveProperty("request");
  });
});

describe("a contract nobody can read", () => {
  it.each([
    [
      "without descriptors",
      undefined,
      "has no descriptors that tell what to redact; generate it with protoc-gen-hawser",
    ],
    ["with broken descriptors", Buffer.from("nonsense").toString("base64"), ""],
    ["with the descriptors of another", Buffer.alloc(0).toString("base64"), "have no method"],
  ])("is recorded without its messages %s, and the log says why once", async (_how, descriptors, reason) => {
    const { descriptors: _, ...bare } = EchoServiceDefinition;
    const definition = (descriptors === undefined ? bare : { ...bare, descriptors }) as typeof EchoServiceDefinition;
    const { client, records, logger } = await recorded(definition, echo(), { responses: true });
    await client.unary({ text: "private" });
    await client.unary({ text: "private" });
    await client.read({ text: "private" });
    const written = await records();
    expect(written).toHaveLength(3);
    for (const record of written) {
      expect(record).toMatchObject({ code: "OK", unreadable: expect.stringContaining(reason) });
      expect(JSON.stringify(record)).not.toContain("private");
    }
    expect(logger.lines.filter(({ message }) => message === "messages are not recorded")).toHaveLength(1);
  });

  it("is recorded without its messages where the recording was not told of it", async () => {
    const { client, records } = await given({}, { contracts: [] });
    await client.unary({ text: "private" });
    const [record] = await records();
    expect(record).toMatchObject({ unreadable: expect.stringContaining("none of the contracts of this recording") });
    expect(record).not.toHaveProperty("request");
  });
});

describe("the files", () => {
  it("are their owner's alone, in a folder that is", async () => {
    const clock = new ManualClock(Date.UTC(2026, 0, 1, 12));
    const { client, folder, records } = await given({}, { clock });
    await client.unary({});
    await records();
    const [name = ""] = await readdir(folder);
    expect(name).toBe(`shop-20260101T120000Z-${process.pid}.jsonl`);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  });

  it("are not made before there is a call", async () => {
    const { folder, record } = await given();
    await record.close();
    await expect(readdir(folder)).rejects.toThrow("ENOENT");
  });

  it("hold what hawser reads back as it was sent", async () => {
    const { client, records } = await given();
    const request = { text: "hi", payload: Buffer.from([0, 255]), count: 3, delayMs: 0 };
    await client.unary(request);
    const [record] = await records();
    const contract = contractsFrom(Buffer.from(EchoServiceDefinition.descriptors, "base64")).get(
      EchoServiceDefinition.fullName,
    );
    const bytes = contract?.methods["unary"]?.requestType.encode(record?.request).finish() as Uint8Array;
    expect(EchoServiceDefinition.methods.unary.requestType.decode(bytes)).toMatchObject(request);
  });
});

describe("a recording that cannot be written", () => {
  it("fails no call, and begins again when it can be", async () => {
    const clock = new ManualClock();
    const { client, folder, logger, records } = await given({}, { clock });
    await writeFile(folder, "in the way");
    await client.unary({ text: "lost" });
    clock.advance(100);
    await eventually(() =>
      expect(logger.lines).toMatchObject([{ level: "error", message: "calls cannot be recorded" }]),
    );
    await client.unary({ text: "lost" });
    await rm(folder);
    clock.advance(10_000);
    await client.unary({ text: "kept" });
    expect(await records()).toMatchObject([{ request: { text: "kept" } }]);
    expect(logger.lines.slice(1)).toMatchObject([{ message: "calls were not recorded", fields: { dropped: 2 } }]);
  });

  it.each<[Partial<RecordingOptions>, string]>([
    [{ folder: "" }, 'folder: required, e.g. "recordings"'],
    [{ service: "a/b" }, 'service: expected letters, digits and dashes, was "a/b"'],
    [{ contracts: undefined as never }, "contracts: required, the definitions the server serves"],
    [{ maxFiles: 0 }, "maxFiles: must be above 0, was 0"],
    [{ maxFileBytes: -1 }, "maxFileBytes: must be above 0, was -1"],
  ])("is refused at once where its options make no sense: %o", (wrong, message) => {
    const options = { folder: "recordings", service: "shop", contracts: [EchoServiceDefinition], ...wrong };
    expect(() => recording(options)).toThrow(message);
  });
});
