import { describe, expect, test } from "vitest";
import { type ClientOptions, createClient } from "../../src/client/client.js";
import type { ServiceDefinition } from "../../src/contract/contract.js";
import { memoryRegistry } from "../../src/registry/memory/memory.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import { collect, failure } from "../support/collect.js";
import { EchoServiceDefinition } from "../support/echo.js";

const transport = memoryTransport();
const target = "memory://echo";

function make(options: object, definition: unknown = EchoServiceDefinition) {
  return () => createClient(definition as ServiceDefinition, options as ClientOptions);
}

describe("options of createClient()", () => {
  test.each<[string, object, string]>([
    ["no transport", { target }, "transport: required"],
    ["neither target nor registry", { transport }, "give registry and service"],
    ["a registry without a service", { transport, registry: memoryRegistry() }, "give registry and service"],
    [
      "a registry with an empty service",
      { transport, registry: memoryRegistry(), service: "" },
      "give registry and service",
    ],
    [
      "both a registry and a target",
      { transport, registry: memoryRegistry(), service: "echo", target },
      "give a registry or a target, not both",
    ],
    [
      "a target that is no address",
      { transport, target: "localhost:80" },
      'address "localhost:80": expected scheme://host:port',
    ],
    [
      "a target the transport does not reach",
      { transport, target: "grpc://127.0.0.1:1" },
      'target "grpc://127.0.0.1:1": the memory transport reaches memory://',
    ],
    [
      "middleware that is none",
      { transport, target, middleware: [undefined] },
      "middleware: expected a list of functions",
    ],
  ])("%s is a TypeError that says so", (_what, options, message) => {
    expect(make(options)).toThrow(TypeError);
    expect(make(options)).toThrow(message);
  });

  test.each<[object, string]>([
    [{ timeoutMs: 0 }, "timeoutMs: must be positive, was 0"],
    [{ timeoutMs: Number.NaN }, "timeoutMs: must be positive, was NaN"],
    [{ retry: { maxAttempts: 0 } }, "maxAttempts: must be 1 or more, was 0"],
  ])("%j is a RangeError that says so", (options, message) => {
    expect(make({ transport, target, ...options })).toThrow(RangeError);
    expect(make({ transport, target, ...options })).toThrow(message);
  });

  test.each([null, {}, { fullName: "x" }, { methods: {} }])("%j is no contract", (definition) => {
    expect(make({ transport, target }, definition)).toThrow("not a service definition");
  });

  test("a wrong option of a call is its error, by name", async () => {
    const client = createClient(EchoServiceDefinition, { transport, target });
    for (const [options, message] of [
      [{ timeoutMs: -1 }, "timeoutMs: must be 0 or more, was -1"],
      [{ timeoutMs: Number.NaN }, "timeoutMs: must be 0 or more, was NaN"],
      [{ metadata: { "x y": "1" } }, 'metadata key "x y"'],
      [{ metadata: { "x-note": "é" } }, 'metadata "x-note"'],
      [{ metadata: { "x-seal-bin": "text" } }, 'metadata "x-seal-bin"'],
      [{ metadata: { "grpc-timeout": "1S" } }, 'metadata key "grpc-timeout"'],
    ] as const) {
      for (const call of [
        () => client.unary({}, options),
        () => collect(client.serverStream({}, options)),
        () => client.clientStream([], options),
        () => collect(client.bidi([], options)),
      ]) {
        expect(await failure(call())).toMatchObject({ message: expect.stringContaining(message) });
      }
    }
    await client.close();
  });

  test("making a client begins nothing: nobody need be there, nor a channel be opened", async () => {
    const client = createClient(EchoServiceDefinition, { transport, target: "memory://nobody" });
    await client.close();
    await client.close();
    await using disposable = createClient(EchoServiceDefinition, { transport, target });
    expect(Object.keys(disposable).toSorted()).toEqual(
      ["bidi", "clientStream", "close", "put", "read", "serverStream", "unary"].toSorted(),
    );
  });

  test("a contract's own method called close comes before the client's", async () => {
    const definition = {
      ...EchoServiceDefinition,
      methods: { close: { ...EchoServiceDefinition.methods.unary, name: "Close" } },
    } as const;
    const client = createClient(definition, { transport, target: "memory://nobody", retry: false });
    const answer: Promise<unknown> = client.close({ text: "x" });
    expect(await failure(answer)).toMatchObject({ message: expect.stringContaining("memory://nobody") });
    await client[Symbol.asyncDispose]();
  });
});
