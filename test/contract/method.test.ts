import { describe, expect, test } from "vitest";
import { type Method, methodsOf, type ServiceDefinition } from "../../src/contract/contract.js";
import { EchoRequest, EchoResponse, EchoServiceDefinition } from "../gen/hawser/test/v1/echo.js";
import { Access } from "../gen/hawser/test/v1/options.js";

describe("methodsOf", () => {
  const methods = methodsOf(EchoServiceDefinition);
  const named = Object.fromEntries(methods.map((method) => [method.localName, method]));

  test("gives the methods in the order of the contract", () => {
    expect(methods.map(({ name }) => name)).toEqual(["Unary", "Read", "Put", "ServerStream", "ClientStream", "Bidi"]);
  });

  test("resolves the names a method has in the contract, in TypeScript and on the wire", () => {
    expect(named["serverStream"]).toMatchObject({
      service: "hawser.test.v1.EchoService",
      name: "ServerStream",
      localName: "serverStream",
      path: "/hawser.test.v1.EchoService/ServerStream",
      fullName: "hawser.test.v1.EchoService/ServerStream",
    });
    expect(named["serverStream"]?.request).toBe(EchoRequest);
    expect(named["serverStream"]?.response).toBe(EchoResponse);
  });

  test("tells the four shapes of a call", () => {
    expect(methods.map(({ kind }) => kind)).toEqual([
      "unary",
      "unary",
      "unary",
      "serverStream",
      "clientStream",
      "bidi",
    ]);
    for (const { kind, requestStream, responseStream } of methods) {
      expect(requestStream).toBe(kind === "clientStream" || kind === "bidi");
      expect(responseStream).toBe(kind === "serverStream" || kind === "bidi");
    }
  });

  test("tells what the contract says of repeating a call, and nothing where it says nothing", () => {
    expect(methods.map(({ idempotency }) => idempotency)).toEqual([
      "unknown",
      "noSideEffects",
      "idempotent",
      "unknown",
      "unknown",
      "unknown",
    ]);
  });

  test("hands on options of other packages, raw, by their tag", () => {
    const tag = (50002 << 3) | 2;
    const { options } = named["unary"] as Method;
    expect(Object.keys(options)).toEqual([String(tag)]);
    const field = options[tag]?.[0] as Uint8Array;
    // The wire form of the field: its length, one byte here, then the message.
    expect(Access.decode(field.subarray(1))).toEqual({
      roles: ["reader", "writer"],
      maxPayloadBytes: 1_048_576n,
    });
    expect(named["put"]?.options).toEqual({});
  });

  test.each([
    ["undefined", undefined],
    ["null", null],
    ["a client class", class EchoServiceClient {}],
    ["an object without methods", { fullName: "a.B" }],
    ["an object whose methods are null", { fullName: "a.B", methods: null }],
    ["a grpc-js service", { unary: { path: "/a.B/Unary" } }],
  ])("refuses %s and says what it wants", (_what, value) => {
    expect(() => methodsOf(value as unknown as ServiceDefinition)).toThrow(
      new TypeError(
        "not a service definition: give the …Definition that `buf generate` wrote (ts-proto, outputServices=generic-definitions)",
      ),
    );
  });
});
