import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { HandlerCall, Handlers, Metadata, Middleware } from "../../src/contract/contract.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import { type RecordingLine, recording } from "../../src/server/recording/recording.js";
import { createServer, type Server } from "../../src/server/server.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { PaymentsServiceDefinition, type PayRequest, type PayResponse } from "../gen/hawser/test/v1/payments.js";
import { forever, Moment } from "../support/moment.js";
import { hawser, type Result, start } from "./support/command.js";
import { System } from "./support/system.js";

let folder: string;
let server: Server;
/** What the server answers with; a test may change its mind. */
let answer: (request: PayRequest, call: HandlerCall) => Partial<PayResponse> | Promise<never>;
/** What the server saw. */
let calls: { readonly requests: readonly PayRequest[]; readonly metadata: Metadata }[];

async function take(requests: AsyncIterable<PayRequest> | readonly PayRequest[], call: HandlerCall): Promise<void> {
  const all: PayRequest[] = [];
  for await (const each of requests) all.push(each);
  calls.push({ requests: all, metadata: call.metadata });
}

const handlers: Handlers<PaymentsServiceDefinition> = {
  async pay(request, call) {
    await take([request], call);
    return answer(request, call);
  },
  async payAll(requests, call) {
    await take(requests, call);
    return { receipt: "all" };
  },
  async *follow(request, call) {
    await take([request], call);
    yield answer(request, call) as Partial<PayResponse>;
    yield { receipt: "last" };
  },
  async *haggle() {},
};

async function serve(middleware: readonly Middleware[] = []): Promise<Server> {
  const made = createServer({ transport: grpcJsTransport(), address: "grpc://127.0.0.1:0", middleware });
  await made.add(PaymentsServiceDefinition, handlers).start();
  return made;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hawser-replay-"));
  server = await serve();
});
beforeEach(() => {
  calls = [];
  answer = ({ orderId }) => ({ receipt: orderId });
});
afterAll(async () => {
  await server.close({ graceMs: 0 });
  await rm(folder, { recursive: true });
});

const service = PaymentsServiceDefinition.fullName;

/** A recorded call of `Pay` that went well. */
function recordOf(own: Partial<RecordingLine> = {}): RecordingLine {
  return {
    id: "a-1",
    time: "2026-01-01T12:00:00.000Z",
    service: "payments",
    method: `${service}/Pay`,
    kind: "unary",
    peer: "127.0.0.1:50123",
    metadata: {},
    request: { orderId: "o-1" },
    code: "OK",
    durationMs: 1,
    ...own,
  };
}

let files = 0;

async function file(text: string): Promise<string> {
  const path = join(folder, `${++files}.jsonl`);
  await writeFile(path, text);
  return path;
}

const write = (...records: readonly RecordingLine[]): Promise<string> =>
  file(records.map((record) => `${JSON.stringify(record)}\n`).join(""));

async function replay(records: readonly RecordingLine[], ...args: readonly string[]): Promise<Result> {
  return hawser(["call", server.address, "--replay", await write(...records), ...args]);
}

describe("hawser call --replay", () => {
  it("sends what a server has recorded, and says that all went as then", async () => {
    const record = recording({
      folder: join(folder, "recorded"),
      service: "payments",
      contracts: [PaymentsServiceDefinition],
      responses: true,
    });
    await using recorded = await serve([record]);
    answer = ({ orderId }) => {
      if (orderId === "o-3") throw new RpcError(Code.NOT_FOUND, "no order o-3");
      return {
        receipt: orderId,
        secret: `secret of ${calls.length}`,
        paid: [{ cents: 3n, cardNumber: `${calls.length}` }] as never,
      };
    };
    const requests: [method: string, json: string][] = [
      ["Pay", '{"orderId":"o-1","parts":[{"cents":"9007199254740993"}],"due":"2026-01-01T12:00:00Z"}'],
      ["Follow", '{"orderId":"o-2"}'],
      ["Pay", '{"orderId":"o-3"}'],
      ["PayAll", '[{"orderId":"o-4"},{"orderId":"o-5"}]'],
    ];
    for (const each of requests) await hawser(["call", recorded.address, ...each, "-H", "x-tenant:acme"]);
    await record.close();
    const before = calls.splice(0);
    const [name = ""] = await readdir(join(folder, "recorded"));

    const { code, err } = await hawser(["call", server.address, "--replay", join(folder, "recorded", name)]);

    expect(err.split("\n").map((line) => line.replace(/[0-9a-f]{6}-/, ""))).toEqual([
      `same: OK (1, ${service}/Pay)`,
      `same: OK (2, ${service}/Follow)`,
      `same: NOT_FOUND: no order o-3 (3, ${service}/Pay)`,
      `same: OK (4, ${service}/PayAll)`,
      "",
    ]);
    expect(code).toBe(0);
    expect(calls).toEqual(before);
    expect(calls.map(({ metadata }) => metadata.get("x-tenant"))).toEqual(["acme", "acme", "acme", "acme"]);
  });

  it("finds the service of the recording in the registry", async () => {
    const system = await System.start();
    await system.echo();
    const path = await write(
      recordOf({ service: "echo", method: "hawser.test.v1.EchoService/Unary", request: { text: "hi" } }),
    );
    const { code, out } = await hawser(system.args("call", "--replay", path, "--json"));
    expect({ code, answer: JSON.parse(out) }).toMatchObject({ code: 0, answer: { text: "hi" } });
    await system.stop();
  });

  it("prints each answer as call does", async () => {
    const follow = { method: `${service}/Follow`, kind: "serverStream" } as const;
    const { out } = await replay([recordOf(), recordOf({ id: "a-2", ...follow, request: { orderId: "o-2" } })]);
    expect(out).toBe(
      '{\n  "receipt": "o-1",\n  "secret": "",\n  "paid": []\n}\n' +
        '{"receipt":"o-2","secret":"","paid":[]}\n{"receipt":"last","secret":"","paid":[]}\n',
    );
  });

  it("sends one call by its id", async () => {
    const { code, err } = await replay(
      [recordOf(), recordOf({ id: "a-2", request: { orderId: "o-2" } })],
      "--id",
      "a-2",
    );
    expect({ code, err }).toEqual({ code: 0, err: `same: OK (a-2, ${service}/Pay)\n` });
    expect(calls.flatMap(({ requests }) => requests.map(({ orderId }) => orderId))).toEqual(["o-2"]);
  });

  it("tells programs in JSON", async () => {
    const { out, err } = await replay([recordOf()], "--json");
    expect(JSON.parse(out)).toMatchObject({ receipt: "o-1" });
    const same = { id: "a-1", method: `${service}/Pay`, same: true, recorded: { code: "OK" }, now: { code: "OK" } };
    expect(JSON.parse(err)).toEqual(same);
  });

  it("sends the metadata again, but for what belonged to the call of then and what was hidden", async () => {
    const metadata = {
      "x-tenant": ["a", "b"],
      "x-raw-bin": ["aGk="],
      traceparent: ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
      tracestate: ["a=b"],
      "grpc-previous-rpc-attempts": ["1"],
      "user-agent": ["grpc-node"],
      authorization: ["[REDACTED]"],
      "x-api-key": ["[REDACTED]"],
      "x-mode": ["then"],
    };
    const { code, err } = await replay([recordOf({ metadata })], "-H", "x-api-key: k", "-H", "x-mode: now");
    expect(code).toBe(0);
    expect(calls[0]?.metadata.toJSON()).toEqual({
      "x-api-key": ["k"],
      "x-mode": ["now"],
      "x-tenant": ["a", "b"],
      "x-raw-bin": [Buffer.from("hi")],
    });
    expect(err).toContain("not sent, for the recording hides it: authorization; give it with -H where it is needed\n");
  });

  it("waits as long as the caller of then did, or as it is told", async () => {
    answer = () => forever;
    const hanging = recordOf({ timeoutMs: 50, code: "DEADLINE_EXCEEDED", message: "then" });
    expect(await replay([hanging])).toMatchObject({
      code: 0,
      err: expect.stringMatching(/^same: DEADLINE_EXCEEDED: /),
    });
    const forgotten = await replay([{ ...hanging, timeoutMs: 3_600_000 }], "--timeout", "50ms");
    expect(forgotten).toMatchObject({ code: 0 });
  });

  it("ends when it is interrupted", async () => {
    const begun = new Moment();
    answer = () => {
      begun.now();
      return forever;
    };
    const command = start(["call", server.address, "--replay", await write(recordOf({ timeoutMs: 3_600_000 }))]);
    await begun.promise;
    command.interrupt();
    expect(await command.code).toBe(130);
    expect(command.err.text).toBe("");
  });
});

describe("a call that goes otherwise than recorded", () => {
  it("is told, and the command fails", async () => {
    answer = () => {
      throw new RpcError(Code.NOT_FOUND, "no order");
    };
    const { code, out, err } = await replay([recordOf(), recordOf({ id: "a-2", code: "NOT_FOUND", message: "then" })]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err.split("\n")).toEqual([
      `differs: recorded OK, now NOT_FOUND: no order (a-1, ${service}/Pay)`,
      `same: NOT_FOUND: no order (a-2, ${service}/Pay)`,
      "hawser: 1 of 2 calls did not go as recorded",
      "",
    ]);
  });

  it("is told where it goes well now", async () => {
    const { code, err } = await replay([recordOf({ code: "ABORTED", message: "try again" })]);
    expect(code).toBe(1);
    expect(err).toContain("differs: recorded ABORTED: try again, now OK (");
  });

  it.each<[what: string, recorded: Partial<RecordingLine>, line: string]>([
    ["in a field", { response: { receipt: "o-9" } }, 'differs: receipt: recorded "o-9", now "o-1"'],
    ["in a field that was empty then", { response: {} }, 'differs: receipt: recorded "", now "o-1"'],
    [
      "in the length of a list",
      { response: { receipt: "o-1", paid: [{ cents: "1" }] } },
      'differs: paid[0]: recorded {"cardNumber":"","cents":"1"}, now nothing',
    ],
    [
      "in a stream",
      { method: `${service}/Follow`, kind: "serverStream", response: [{ receipt: "o-1" }, { receipt: "first" }] },
      'differs: [1].receipt: recorded "first", now "last"',
    ],
    [
      "in all of it, where it was of another contract",
      { response: { gone: 1 } },
      'differs: the response: recorded {"gone":1}, now {"receipt":"o-1","secret":"","paid":[]}',
    ],
  ])("is told with the first difference of its response: %s", async (_what, recorded, line) => {
    const { code, err } = await replay([recordOf(recorded)]);
    expect(code).toBe(1);
    expect(err.split("\n")[0]).toBe(`${line} (a-1, ${recorded.method ?? `${service}/Pay`})`);
  });

  it("is not one where only what was hidden or cut is another", async () => {
    answer = () => ({ receipt: "o-1", secret: "today's" });
    const hidden = recordOf({ response: { receipt: "o-1", secret: "[REDACTED]" }, redactedResponse: ["secret"] });
    const cut = recordOf({ truncatedResponse: true });
    expect(await replay([hidden, cut])).toMatchObject({ code: 0 });
  });

  it("is told to programs with the difference", async () => {
    const { err } = await replay([recordOf({ response: { receipt: "o-9" } })], "--json");
    expect(
      err
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { same: false, difference: { field: "receipt", recorded: "o-9", now: "o-1" } },
      { code: "FAILED", message: "1 of 1 calls did not go as recorded" },
    ]);
  });
});

describe("a call with hidden fields", () => {
  const hidden = recordOf({
    request: {
      orderId: "o-1",
      payment: { cardNumber: "[REDACTED]", cents: "5" },
      parts: [{}, { cardNumber: "[REDACTED]" }],
    },
    redacted: ["payment.cardNumber", "parts[1].cardNumber", "pin", "trusted", "signature", "notes", "fallback", "way"],
  });

  it("is refused, with their names and the way out, before anything is sent", async () => {
    const { code, err } = await replay([recordOf(), { ...hidden, id: "a-2" }]);
    expect(code).toBe(2);
    expect(err).toMatch(
      /^hawser: \S+\.jsonl:2 \(a-2\) was recorded without payment\.cardNumber, parts\[1\]\.cardNumber, pin, .*; give them with --set payment\.cardNumber=…, or send them empty with --with-redacted\n$/,
    );
    expect(calls).toEqual([]);
  });

  it("is sent with what is given for them, whatever their types", async () => {
    const settings = [
      "payment.cardNumber=4111=1",
      "parts[1].cardNumber=17",
      "pin=1234",
      "trusted=true",
      "signature=aGk=",
      'notes=["a","b"]',
      'fallback={"cents":"7"}',
      "way=PAYMENT_WAY_CARD",
    ];
    const { code, err } = await replay([hidden], ...settings.flatMap((each) => ["--set", each]));
    expect({ code, err }).toEqual({ code: 0, err: `same: OK (a-1, ${service}/Pay)\n` });
    expect(calls[0]?.requests).toMatchObject([
      {
        orderId: "o-1",
        payment: { cardNumber: "4111=1", cents: 5n },
        parts: [{ cardNumber: "" }, { cardNumber: "17" }],
        pin: 1234,
        trusted: true,
        signature: Buffer.from("hi"),
        notes: ["a", "b"],
        fallback: { cents: 7n },
        way: 1,
      },
    ]);
  });

  it("is sent without them where that is wanted", async () => {
    const { code } = await replay([hidden], "--with-redacted", "--set", "pin=1");
    expect(code).toBe(0);
    expect(calls[0]?.requests).toMatchObject([
      { orderId: "o-1", payment: { cardNumber: "", cents: 5n }, pin: 1, notes: [] },
    ]);
  });

  it("is filled in each message of a stream", async () => {
    const stream = recordOf({
      method: `${service}/PayAll`,
      kind: "clientStream",
      request: [{ orderId: "o-1" }, { payment: { cardNumber: "[REDACTED]" } }],
      redacted: ["[1].payment.cardNumber"],
    });
    expect(await replay([stream], "--set", "[1].payment.cardNumber=17")).toMatchObject({ code: 0 });
    expect(calls[0]?.requests).toMatchObject([{ payment: undefined }, { payment: { cardNumber: "17" } }]);
  });

  it.each([
    ["pin=x", "--set pin: the request does not fit hawser.test.v1.PayRequest: "],
    ["card=1", "--set card: nothing hides it; hidden: payment.cardNumber, parts[1].cardNumber, pin, "],
    ["pin", '--set "pin": expected field=value'],
  ])("is refused with --set %s", async (setting, message) => {
    const { code, err } = await replay([hidden], "--with-redacted", "--set", setting);
    expect({ code, err: err.slice(0, 8 + message.length) }).toEqual({ code: 2, err: `hawser: ${message}` });
    expect(calls).toEqual([]);
  });
});

describe("a recording that cannot be replayed", () => {
  it.each<[what: string, text: string, message: string]>([
    ["is empty", "\n", "--replay FILE: there is no call in it"],
    ["has a line that is no JSON", `${JSON.stringify(recordOf())}\n\n{"id":`, "FILE:3 is no JSON: "],
    ["has a line of something else", "[1]\n", "FILE:1 is no recorded call: it has no id"],
    [
      "has a line without a code",
      JSON.stringify({ ...recordOf(), code: "FINE" }),
      "FILE:1 is no recorded call: it has no code",
    ],
    ["has a method that is none", JSON.stringify(recordOf({ method: "a/b/c" })), 'FILE:1: method "a/b/c": expected '],
    [
      "has a method the server does not know",
      JSON.stringify(recordOf({ method: `${service}/Refund` })),
      `FILE:1: no method "Refund"; there is: ${service}/Pay, `,
    ],
    [
      "has a service the server does not know",
      JSON.stringify(recordOf({ method: "other.v1.OtherService/Pay" })),
      'FILE:1: no service "other.v1.OtherService"; there is: ',
    ],
    [
      "has a request that does not fit any more",
      JSON.stringify(recordOf({ request: { orderNumber: 1 } })),
      "FILE:1 (a-1) does not fit hawser.test.v1.PayRequest: ",
    ],
    [
      "has a request that was too large",
      JSON.stringify(recordOf({ truncated: true })),
      "FILE:1 (a-1) was recorded in part: its request was too large",
    ],
    [
      "has a call without its request",
      JSON.stringify(recordOf({ request: undefined, unreadable: "no descriptors" })),
      "FILE:1 (a-1) was recorded without its request: no descriptors",
    ],
  ])("says so where it %s", async (_what, text, message) => {
    const path = await file(text);
    const { code, out, err } = await hawser(["call", server.address, "--replay", path]);
    const expected = `hawser: ${message.replace("FILE", path)}`;
    expect({ code, out, err: err.slice(0, expected.length) }).toEqual({ code: 2, out: "", err: expected });
    expect(calls).toEqual([]);
  });

  it("says so where the file is not there, or is none", async () => {
    expect(await hawser(["call", "--replay", "nowhere.jsonl"])).toMatchObject({
      code: 2,
      err: "hawser: --replay nowhere.jsonl: no such file\n",
    });
    expect(await hawser(["call", "--replay", folder])).toMatchObject({
      code: 2,
      err: `hawser: --replay ${folder}: is a folder; give one of its files\n`,
    });
  });

  it("says which ids there are where one is not", async () => {
    const records = Array.from({ length: 7 }, (_, index) => recordOf({ id: `a-${index + 1}` }));
    const { code, err } = await replay(records, "--id", "b-1");
    expect({ code, err: err.replace(/in \S+;/, "in FILE;") }).toEqual({
      code: 2,
      err: "hawser: --id b-1: no such call in FILE; there: a-1, a-2, a-3, a-4, a-5 and 2 more\n",
    });
  });

  it("asks for a service where the calls are of several", async () => {
    const path = await write(recordOf(), recordOf({ service: "other" }));
    const { code, err } = await hawser(["call", "--replay", path]);
    expect({ code, err }).toEqual({
      code: 2,
      err: `hawser: ${path} has calls of payments, other; name a service or an address\n`,
    });
  });

  it.each([
    [
      ["call", "orders", "Place", "--replay", "a.jsonl"],
      "--replay takes methods and requests from the recording; leave them out",
    ],
    [
      ["call", "--replay", "a.jsonl", "--stream"],
      "--replay takes methods and requests from the recording; leave them out",
    ],
    [["call", "orders", "Place", "--id", "a-1"], "--id, --set and --with-redacted are for --replay <file>"],
    [["call", "orders", "Place", "--set", "a=1"], "--id, --set and --with-redacted are for --replay <file>"],
    [["call", "orders", "Place", "--with-redacted"], "--id, --set and --with-redacted are for --replay <file>"],
    [["call"], "missing required argument 'service'; try: hawser --help"],
  ])("is refused where the command line makes no sense: %j", async (args, message) => {
    expect(await hawser(args)).toEqual({ code: 2, out: "", err: `hawser: ${message}\n` });
  });
});
