import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Instance } from "../../src/contract/contract.js";
import { BadRequest, Code, detail, ErrorInfo, RetryInfo, RpcError } from "../../src/errors/errors.js";
import type { EchoHandlers } from "../support/echo.js";
import { chunks, hawser, nothing, type Surroundings, start } from "./support/command.js";
import { System } from "./support/system.js";

let system: System;
let instance: Instance;
let folder: string;

const refusal = new RpcError(Code.INVALID_ARGUMENT, "no such\nsku", {
  details: [
    detail(BadRequest, { fieldViolations: [{ field: "sku", description: "is empty" }] }),
    detail(RetryInfo, { retryDelay: { seconds: 1n, nanos: 500_000_000 } }),
    { type: "shop.v1.Hint", value: Uint8Array.of(1, 2) },
    { type: ErrorInfo.$type, value: Uint8Array.of(255) },
  ],
});

/** `Put` refuses; `Read` answers with header and trailer, and hangs where it is told to. */
const own: Partial<EchoHandlers> = {
  put() {
    throw refusal;
  },
  async read({ text }, call) {
    call.header.set("x-header", "here");
    call.trailer.set("x-trailer-bin", Buffer.from("hi"));
    if (text === "hang") await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
    return { text };
  },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hawser-call-"));
  system = await System.start();
  instance = (await system.echo({}, own)).instance;
});
afterAll(async () => {
  await system.stop();
  await rm(folder, { recursive: true });
});

function call(args: readonly string[], around?: Surroundings) {
  return hawser(system.args("call", "echo", ...args), around);
}

/** The objects of an output that has one a line. */
function objects(out: string): readonly object[] {
  return out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("hawser call", () => {
  it("prints the response, indented for people and on one line for programs", async () => {
    const people = await call(["Unary", '{"text":"hi","payload":"AAE="}']);
    expect(people).toMatchObject({ code: 0, err: "" });
    expect(people.out).toContain('{\n  "payload": "AAE=",\n  "text": "hi",\n');
    const program = await call(["Unary", '{"text":"hi","payload":"AAE="}', "--json"]);
    expect(objects(program.out)).toEqual([JSON.parse(people.out)]);
  });

  it.each([
    "Unary",
    "unary",
    "EchoService/Unary",
    "echoservice/UNARY",
    "hawser.test.v1.EchoService/Unary",
    "/hawser.test.v1.EchoService/Unary",
  ])("finds the method by %s", async (method) => {
    expect(await call([method])).toMatchObject({ code: 0, err: "" });
  });

  it("takes an address instead of a name, and then asks no registry", async () => {
    const [endpoint = ""] = instance.endpoints;
    for (const address of [endpoint, endpoint.replace("grpc://", "")]) {
      const { out } = await hawser(["call", address, "Unary", '{"text":"hi"}', "--json"]);
      expect(JSON.parse(out)).toMatchObject({ text: "hi" });
    }
  });

  it("sends an empty request where none is given", async () => {
    expect(JSON.parse((await call(["Unary"])).out)).toMatchObject({ text: "", requests: 1 });
  });

  it("reads the request from a file or from stdin", async () => {
    const file = join(folder, "request.json");
    await writeFile(file, '{"text":\n"from a file"}');
    expect(JSON.parse((await call(["Unary", `@${file}`])).out)).toMatchObject({ text: "from a file" });
    const stdin = chunks('{"text":', Buffer.from('"from stdin"}'));
    expect(JSON.parse((await call(["Unary", "-"], { stdin })).out)).toMatchObject({ text: "from stdin" });
  });

  it("sends metadata, text and bytes, repeated keys too", async () => {
    const headers = ["-H", "X-Tenant: a:b", "-H", "x-tenant:c", "-H", "x-raw-bin:AAE", "--header", "x-empty:"];
    const { out } = await call(["Unary", "--json", ...headers]);
    expect(JSON.parse(out)).toMatchObject({
      metadata: { "x-tenant": "a:b,c", "x-raw-bin": "AAE=", "x-empty": "" },
    });
  });

  it("tells on stderr what went and came where it is asked to", async () => {
    const { out, err } = await call(["Read", "-v", "-H", "x-tenant:a", "-H", "x-raw-bin:AAE="]);
    expect(JSON.parse(out)).toMatchObject({ text: "" });
    expect(err.trimEnd().split("\n")).toEqual([
      "> hawser.test.v1.EchoService/Read",
      "> x-tenant: a",
      "> x-raw-bin: AAE=",
      `< ${instance.id} at ${instance.endpoints[0]}`,
      "< header x-header: here",
      "< trailer x-trailer-bin: aGk=",
    ]);
  });

  it("tells it as JSON to programs", async () => {
    const { err } = await call(["Read", "--verbose", "--json", "-H", "x-tenant:a"]);
    expect(objects(err)).toEqual([
      { method: "hawser.test.v1.EchoService/Read" },
      { metadata: { "x-tenant": "a" } },
      { instance: instance.id, endpoints: instance.endpoints },
      { header: { "x-header": "here" } },
      { trailer: { "x-trailer-bin": "aGk=" } },
    ]);
  });

  it("tells who failed", async () => {
    const { err } = await call(["Put", "-v"]);
    expect(err.split("\n")[1]).toBe(`< ${instance.id} at ${instance.endpoints[0]}`);
  });
});

describe("streams", () => {
  it("of responses are printed one a line", async () => {
    const { out } = await call(["ServerStream", '{"count":3,"text":"a"}']);
    expect(objects(out)).toMatchObject([{ index: 0, text: "a" }, { index: 1 }, { index: 2 }]);
  });

  it("of responses are printed as they come, and what came stays where the call fails later", async () => {
    const { code, out, err } = await call(["ServerStream", '{"count":2,"failCode":9,"failMessage":"enough"}']);
    expect(objects(out)).toHaveLength(2);
    expect({ code, err }).toEqual({ code: 1, err: "FAILED_PRECONDITION: enough\n" });
  });

  it("of requests are an array, or one object", async () => {
    const many = await call(["ClientStream", '[{"payload":"AA=="},{"payload":"AQ=="}]']);
    expect(JSON.parse(many.out)).toMatchObject({ requests: 2, payload: "AAE=" });
    expect(JSON.parse((await call(["ClientStream", "{}"])).out)).toMatchObject({ requests: 1 });
    expect(JSON.parse((await call(["ClientStream", "[]"])).out)).toMatchObject({ requests: 0 });
  });

  it("of requests come from stdin, one a line, however it is cut up", async () => {
    const ship = Buffer.from('\n{"payload":"AQ==","text":"🚢"}');
    const stdin = chunks('{"payload":"AA', '=="}\r\n\n', ship.subarray(0, 30), ship.subarray(30));
    const { out } = await call(["ClientStream", "--stream"], { stdin });
    expect(JSON.parse(out)).toMatchObject({ requests: 2, payload: "AAE=" });
  });

  it("in both directions answer each line before the next one is typed", async () => {
    const typed: (() => void)[] = [];
    const until = (): Promise<void> => new Promise((resolve) => typed.push(resolve));
    async function* stdin() {
      yield '{"text":"one","count":1}\n';
      await until();
      yield '{"text":"two","count":1}\n';
    }
    const command = start(system.args("call", "echo", "Bidi", "--stream"), { stdin: stdin() });
    await command.out.line((line) => line.includes("one"));
    typed.shift()?.();
    await command.out.line((line) => line.includes("two"));
    expect(await command.code).toBe(0);
  });
});

describe("a call that fails", () => {
  it("prints code, message and details on one line", async () => {
    const { code, out, err } = await call(["Put"]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toBe(
      'INVALID_ARGUMENT: no such\\nsku [google.rpc.BadRequest {"fieldViolations":[{"field":"sku","description":"is empty"}]}]' +
        ' [google.rpc.RetryInfo {"retryDelay":"1.5s"}] [shop.v1.Hint {"value":"AQI="}] [google.rpc.ErrorInfo {"value":"/w=="}]\n',
    );
  });

  it("prints them as JSON to programs", async () => {
    const { code, err } = await call(["Put", "--json"]);
    expect(code).toBe(1);
    expect(objects(err)).toEqual([
      {
        code: "INVALID_ARGUMENT",
        message: "no such\nsku",
        details: [
          { "@type": "google.rpc.BadRequest", fieldViolations: [{ field: "sku", description: "is empty" }] },
          { "@type": "google.rpc.RetryInfo", retryDelay: "1.5s" },
          { "@type": "shop.v1.Hint", value: "AQI=" },
          { "@type": "google.rpc.ErrorInfo", value: "/w==" },
        ],
      },
    ]);
  });

  it("ends when its time is over", async () => {
    const { code, err } = await call(["Read", '{"text":"hang"}', "--timeout", "200ms"]);
    expect(code).toBe(1);
    expect(err).toMatch(/^DEADLINE_EXCEEDED: hawser.test.v1.EchoService\/Read: the deadline passed .*\n$/);
  });

  it("ends without a word when it is interrupted", async () => {
    const command = start(system.args("call", "echo", "Read", '{"text":"hang"}', "-v"));
    await command.err.line((line) => line === "> hawser.test.v1.EchoService/Read");
    command.interrupt();
    expect(await command.code).toBe(130);
    expect(command.err.lines.filter((line) => !/^[<>]/.test(line))).toEqual([]);
  });

  it("ends when it is interrupted though it still waits for its request", async () => {
    let asked = (): void => {};
    const waiting = new Promise<void>((resolve) => {
      asked = resolve;
    });
    async function* stdin() {
      asked();
      yield await new Promise<string>(() => {});
    }
    const command = start(system.args("call", "echo", "Unary", "-"), { stdin: stdin() });
    await waiting;
    command.interrupt();
    expect(await command.code).toBe(130);
  });

  it("ends though stdin never does", async () => {
    async function* stdin() {
      yield '{"failCode":5,"failMessage":"no"}\n';
      await new Promise(() => {});
    }
    const { code, err } = await call(["ClientStream", "--stream"], { stdin: stdin() });
    expect({ code, err }).toEqual({ code: 1, err: "NOT_FOUND: no\n" });
  });

  it("says which service is not registered and which are", async () => {
    const { code, err } = await hawser(system.args("call", "orders", "Place"));
    expect({ code, err }).toEqual({
      code: 1,
      err: `NOT_FOUND: no service "orders" in ${system.url}; there: echo\n`,
    });
  });

  it("says where nobody listens", async () => {
    const { code, err } = await hawser(["call", "127.0.0.1:9", "Place"]);
    expect(code).toBe(1);
    expect(err).toMatch(/^UNAVAILABLE: .*grpc:\/\/127\.0\.0\.1:9.*\n$/);
  });
});

describe("a call that makes no sense", () => {
  const methods = ["Unary", "Read", "Put", "ServerStream", "ClientStream", "Bidi"].map(
    (name) => `hawser.test.v1.EchoService/${name}`,
  );
  const services =
    "grpc.health.v1.Health, grpc.reflection.v1.ServerReflection, grpc.reflection.v1alpha.ServerReflection";

  it.each<[what: string, args: readonly string[], message: string]>([
    ["an unknown method", ["Nope"], `no method "Nope"; there is: ${methods.join(", ")}`],
    [
      "an unknown service of a contract",
      ["Foo/Unary"],
      `no service "Foo"; there is: ${services}, hawser.test.v1.EchoService`,
    ],
    [
      "half a service name",
      ["oService/Unary"],
      `no service "oService"; there is: ${services}, hawser.test.v1.EchoService`,
    ],
    [
      "a method of two",
      ["ServerReflection/ServerReflectionInfo"],
      'method "ServerReflectionInfo" is in several services; say which: grpc.reflection.v1.ServerReflection/ServerReflectionInfo, grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
    ],
    [
      "a path with too many parts",
      ["a/b/c"],
      'method "a/b/c": expected Method, Service/Method or package.Service/Method',
    ],
    ["no JSON", ["Unary", '{"text"'], "the request is no JSON: "],
    [
      "a field that is not there",
      ["Unary", '{"txt":""}'],
      'the request does not fit hawser.test.v1.EchoRequest: cannot decode message hawser.test.v1.EchoRequest from JSON: key "txt" is unknown',
    ],
    [
      "a value of another type",
      ["Unary", '{"count":"x"}'],
      'the request does not fit hawser.test.v1.EchoRequest: cannot decode field hawser.test.v1.EchoRequest.count from JSON: expected number (int32), got "x"',
    ],
    [
      "an array where one request is taken",
      ["Unary", "[]"],
      "the request does not fit hawser.test.v1.EchoRequest: cannot decode message hawser.test.v1.EchoRequest from JSON: Array",
    ],
    [
      "one wrong request of several",
      ["ClientStream", "[{},1]"],
      "request 2 does not fit hawser.test.v1.EchoRequest: cannot decode message hawser.test.v1.EchoRequest from JSON: 1",
    ],
    [
      "a file that is not there",
      ["Unary", "@/nope.json"],
      "@/nope.json: ENOENT: no such file or directory, open '/nope.json'",
    ],
    ["a header without a colon", ["Unary", "-H", "tenant"], '-H "tenant": expected key:value'],
    ["a header without a key", ["Unary", "-H", ":a"], '-H ":a": expected key:value'],
    [
      "a header gRPC does not allow",
      ["Unary", "-H", "a b:c"],
      '-H "a b:c": metadata key "a b": only letters, digits, "_", "-" and "." are allowed',
    ],
    [
      "a header that is the transport's",
      ["Unary", "-H", "grpc-x:c"],
      '-H "grpc-x:c": metadata key "grpc-x": names in "grpc-" belong to the transport',
    ],
    ["bytes that are no base64", ["Unary", "-H", "a-bin:#"], '-H "a-bin:#": a key that ends in -bin takes base64'],
    [
      "a timeout without a unit",
      ["Unary", "--timeout", "5"],
      "option '--timeout <duration>' argument '5' is invalid. Expected a duration above 0 with its unit, like 250ms, 5s or 2m; try: hawser --help",
    ],
    [
      "a stream for one request",
      ["Unary", "--stream"],
      "hawser.test.v1.EchoService/Unary takes one request; --stream is for streams of them",
    ],
    [
      "a stream and a request",
      ["Bidi", "{}", "--stream"],
      "--stream reads the requests from stdin; leave the JSON out",
    ],
  ])("because of %s is refused", async (_what, args, message) => {
    const { code, out, err } = await call(args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err.slice(0, 8 + message.length)).toBe(`hawser: ${message}`);
    expect(err.indexOf("\n")).toBe(err.length - 1);
  });

  it("because of a line of a stream is ended there", async () => {
    const { code, err } = await call(["Bidi", "--stream"], { stdin: chunks('{"count":1}\n{"cont":1}\n') });
    expect(code).toBe(2);
    expect(err).toMatch(/^hawser: line 2 of stdin does not fit hawser.test.v1.EchoRequest: .*"cont" is unknown\n$/);
  });

  it.each([
    ["127.0.0.1:x", 'address "grpc://127.0.0.1:x": expected scheme://host:port'],
    ["memory://orders", 'address "memory://orders": only grpc://, grpcs://, grpc+unix://, grpcs+unix:// can be called'],
  ])("because of the address %s is refused", async (address, message) => {
    const { code, err } = await hawser(["call", address, "Place"]);
    expect(code).toBe(2);
    expect(err.slice(0, 8 + message.length)).toBe(`hawser: ${message}`);
  });

  it("tells programs so", async () => {
    const { code, err } = await call(["Unary", "{", "--json"], { stdin: nothing() });
    expect(code).toBe(2);
    expect(objects(err)).toMatchObject([{ code: "USAGE", message: expect.stringMatching(/^the request is no JSON/) }]);
  });
});
