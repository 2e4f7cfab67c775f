import { describe, expectTypeOf, test } from "vitest";
import type {
  CallOptions,
  Client,
  DeepPartial,
  HandlerCall,
  Handlers,
  ServiceDefinition,
} from "../../src/contract/contract.js";
import { methodsOf } from "../../src/contract/contract.js";
import type { Cargo } from "../gen/hawser/test/v1/cargo.js";
import { type EchoRequest, type EchoResponse, EchoServiceDefinition } from "../gen/hawser/test/v1/echo.js";

type EchoClient = Client<EchoServiceDefinition>;
type EchoHandlers = Handlers<EchoServiceDefinition>;
declare const client: EchoClient;

type Messages<T> = AsyncIterable<T> | Iterable<T>;
type PartialRequest = DeepPartial<EchoRequest>;
type PartialResponse = DeepPartial<EchoResponse>;

describe("Client of a generated definition", () => {
  test("takes a partial request and promises a whole response, for a unary method", () => {
    expectTypeOf<EchoClient["unary"]>().toEqualTypeOf<
      (request: PartialRequest, options?: CallOptions) => Promise<EchoResponse>
    >();
    expectTypeOf(client.unary({ text: "hello" }))
      .resolves.toHaveProperty("text")
      .toBeString();
  });

  test("gives what can be iterated, for a server stream", () => {
    expectTypeOf<EchoClient["serverStream"]>().toEqualTypeOf<
      (request: PartialRequest, options?: CallOptions) => AsyncIterable<EchoResponse>
    >();
  });

  test("takes what can be iterated and promises one response, for a client stream", () => {
    expectTypeOf<EchoClient["clientStream"]>().toEqualTypeOf<
      (requests: Messages<PartialRequest>, options?: CallOptions) => Promise<EchoResponse>
    >();
    expectTypeOf(client.clientStream).toBeCallableWith([{ text: "a" }, {}], { timeoutMs: 5 });
  });

  test("takes and gives what can be iterated, for bidi", () => {
    expectTypeOf<EchoClient["bidi"]>().toEqualTypeOf<
      (requests: Messages<PartialRequest>, options?: CallOptions) => AsyncIterable<EchoResponse>
    >();
  });

  test("has the methods of the contract and no other", () => {
    expectTypeOf<keyof EchoClient>().toEqualTypeOf<
      "unary" | "read" | "put" | "serverStream" | "clientStream" | "bidi"
    >();
    // @ts-expect-error a misspelt method
    client.unray;
    // @ts-expect-error a method is as it is
    client.unary = client.read;
  });

  test("refuses requests that do not fit", () => {
    // @ts-expect-error no such field
    client.unary({ tekst: "hello" });
    // @ts-expect-error not of this type
    client.unary({ count: "3" });
    // @ts-expect-error a stream where one request is wanted
    client.unary([{ text: "hello" }]);
    // @ts-expect-error one request where a stream is wanted
    client.clientStream({ text: "hello" });
    // @ts-expect-error no such option
    client.unary({}, { timeout: 5 });
    // @ts-expect-error a call has a request, empty as it may be
    client.unary();
  });

  test("takes any bytes for a field of bytes", () => {
    expectTypeOf(client.unary).toBeCallableWith({ payload: Uint8Array.of(1) });
    expectTypeOf(client.unary).toBeCallableWith({ payload: Buffer.of(1) });
    // @ts-expect-error text is no bytes
    client.unary({ payload: "bytes" });
  });
});

describe("Handlers of a generated definition", () => {
  const stream = async function* (request: EchoRequest): AsyncGenerator<PartialResponse> {
    yield { text: request.text };
  };
  const streams = {
    serverStream: stream,
    async clientStream(requests: AsyncIterable<EchoRequest>) {
      for await (const { text } of requests) return { text };
      return {};
    },
    async *bidi(requests: AsyncIterable<EchoRequest>) {
      for await (const { text } of requests) yield { text };
    },
  };

  test("get whole requests and the call, and answer with partial responses", () => {
    expectTypeOf<EchoHandlers["unary"]>().parameters.toEqualTypeOf<[request: EchoRequest, call: HandlerCall]>();
    expectTypeOf<EchoHandlers["unary"]>().returns.toEqualTypeOf<Promise<PartialResponse> | PartialResponse>();
    expectTypeOf<EchoHandlers["serverStream"]>().parameters.toEqualTypeOf<[request: EchoRequest, call: HandlerCall]>();
    expectTypeOf<EchoHandlers["serverStream"]>().returns.toEqualTypeOf<
      AsyncIterable<PartialResponse> | Iterable<PartialResponse>
    >();
    expectTypeOf<EchoHandlers["clientStream"]>().parameters.toEqualTypeOf<
      [requests: AsyncIterable<EchoRequest>, call: HandlerCall]
    >();
    expectTypeOf<EchoHandlers["clientStream"]>().returns.toEqualTypeOf<Promise<PartialResponse> | PartialResponse>();
    expectTypeOf<EchoHandlers["bidi"]>().parameters.toEqualTypeOf<
      [requests: AsyncIterable<EchoRequest>, call: HandlerCall]
    >();
    expectTypeOf<EchoHandlers["bidi"]>().returns.toEqualTypeOf<
      AsyncIterable<PartialResponse> | Iterable<PartialResponse>
    >();
  });

  test("infer request and call where they are written in place", () => {
    const handlers: EchoHandlers = {
      ...streams,
      unary(request, call) {
        expectTypeOf(request).toEqualTypeOf<EchoRequest>();
        expectTypeOf(call).toEqualTypeOf<HandlerCall>();
        return { text: request.text };
      },
      async read({ payload }) {
        return { payload };
      },
      put: () => ({}),
    };
    expectTypeOf(handlers).toExtend<EchoHandlers>();
  });

  test("must be complete, rightly spelt and rightly answered", () => {
    const unary = (): PartialResponse => ({});
    // @ts-expect-error put is missing
    const missing: EchoHandlers = { ...streams, unary, read: unary };
    // @ts-expect-error put is misspelt
    const misspelt: EchoHandlers = { ...streams, unary, read: unary, putt: unary };
    const wrongField: EchoHandlers = {
      ...streams,
      unary,
      read: unary,
      // @ts-expect-error no such field of the response
      put: () => ({ tekst: "hello" }),
    };
    const wrongShape: EchoHandlers = {
      ...streams,
      unary,
      read: unary,
      put: unary,
      // @ts-expect-error a stream must be a stream
      serverStream: async () => ({ text: "hello" }),
    };
    expectTypeOf([missing, misspelt, wrongField, wrongShape]).toBeArray();
  });
});

describe("a contract known only at run time", () => {
  type Untyped = Client<ServiceDefinition>;
  const untyped = {} as Untyped;

  test("is what a generated definition is, too", () => {
    expectTypeOf<EchoServiceDefinition>().toExtend<ServiceDefinition>();
    expectTypeOf(methodsOf).toBeCallableWith(EchoServiceDefinition);
  });

  test("has any method, of any request, and options only of the known kind", () => {
    expectTypeOf(untyped["place"]!({ sku: "a" }, { timeoutMs: 5 })).toBeAny();
    expectTypeOf(untyped["place"]!([{ sku: "a" }])).toBeAny();
    // @ts-expect-error no such option
    untyped["place"]!({}, { timeout: 5 });
  });

  test("takes any handlers, which get the call", () => {
    const handlers: Handlers<ServiceDefinition> = {
      place(request, call) {
        expectTypeOf(request).toBeAny();
        expectTypeOf(call).toEqualTypeOf<HandlerCall>();
        return { anything: true };
      },
    };
    expectTypeOf(handlers).toExtend<Handlers<ServiceDefinition>>();
    // @ts-expect-error a handler is a function
    const wrong: Handlers<ServiceDefinition> = { place: 5 };
    expectTypeOf(wrong).toBeObject();
  });
});

describe("DeepPartial", () => {
  type Init = DeepPartial<Cargo>;

  test("makes every field optional, to any depth", () => {
    expectTypeOf<Record<never, never>>().toExtend<Init>();
    expectTypeOf<{ crate: { crates: { name: string }[] } }>().toExtend<Init>();
    expectTypeOf<{ cratesByNumber: { 7: { name: string } } }>().toExtend<Init>();
    expectTypeOf<{ voyage: { seconds: bigint } }>().toExtend<Init>();
    expectTypeOf<{ crate: { nam: string } }>().not.toExtend<Init>();
  });

  test("leaves what is no message as it is", () => {
    expectTypeOf<Init["loadedAt"]>().toEqualTypeOf<Date | undefined>();
    expectTypeOf<Init["int64Value"]>().toEqualTypeOf<bigint | undefined>();
    expectTypeOf<Init["flag"]>().toEqualTypeOf<boolean | undefined>();
    expectTypeOf<Init["texts"]>().toEqualTypeOf<readonly string[] | undefined>();
    expectTypeOf<Init["colour"]>().toEqualTypeOf<Cargo["colour"] | undefined>();
    expectTypeOf<Init["flagsById"]>().toEqualTypeOf<ReadonlyMap<bigint, boolean> | undefined>();
    expectTypeOf<Init["raw"]>().toEqualTypeOf<Uint8Array | undefined>();
  });

  test("wants the case of a oneof, and only what belongs to it", () => {
    expectTypeOf<{ content: { $case: "note"; value: string } }>().toExtend<Init>();
    expectTypeOf<{ content: { $case: "parcel"; value: { name: string } } }>().toExtend<Init>();
    expectTypeOf<{ content: { $case: "blob"; value: Uint8Array } }>().toExtend<Init>();
    expectTypeOf<{ content: { value: string } }>().not.toExtend<Init>();
    expectTypeOf<{ content: { $case: "note"; value: bigint } }>().not.toExtend<Init>();
    expectTypeOf<{ content: { $case: "letter"; value: string } }>().not.toExtend<Init>();
  });
});
