import { BinaryWriter } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Codec } from "../../src/codec/codec.js";
import { jsonCodec } from "../../src/codec/json.js";
import { protobufCodec } from "../../src/codec/protobuf.js";
import type { MessageType } from "../../src/contract/contract.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import { Cargo, Crate } from "../gen/hawser/test/v1/cargo.js";
import { EchoRequest } from "../gen/hawser/test/v1/echo.js";
import { anyCargo, fullCargo } from "./cargo.js";

const cargo = Cargo as MessageType;
const echo = EchoRequest as MessageType;

const codecs: readonly [string, Codec][] = [
  ["protobuf", protobufCodec],
  ["JSON", jsonCodec],
];

function varint(value: number): Buffer {
  const bytes = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}

describe.each(codecs)("%s", (_name, codec) => {
  const roundTrip = (type: MessageType, message: unknown): unknown => codec.decode(type, codec.encode(type, message));

  test("gives back every message as it was", () => {
    fc.assert(
      fc.property(anyCargo, (message) => {
        expect(roundTrip(cargo, message)).toEqual(message);
      }),
    );
  });

  test("gives back one message of everything", () => {
    expect(roundTrip(cargo, fullCargo)).toEqual(fullCargo);
  });

  test("completes a partial message with the defaults of its type", () => {
    expect(roundTrip(echo, { text: "hello" })).toEqual({
      payload: Buffer.alloc(0),
      count: 0,
      delayMs: 0,
      failCode: 0,
      failMessage: "",
      text: "hello",
      responseBytes: 0,
    });
    expect(roundTrip(echo, {})).toEqual(EchoRequest.fromPartial({}));
  });

  test("takes any bytes for a field of bytes, not only a Buffer", () => {
    expect(roundTrip(echo, { payload: Uint8Array.of(1, 2, 3) })).toMatchObject({ payload: Buffer.of(1, 2, 3) });
  });

  test("encodes no message into the bytes of another", () => {
    const first = codec.encode(cargo, fullCargo);
    const copy = Buffer.from(first);
    codec.encode(echo, { text: "another", payload: Buffer.alloc(200_000, 1) });
    codec.encode(echo, { text: "a third" });
    expect(Buffer.from(first).equals(copy)).toBe(true);
  });

  test("encodes the next message whatever became of the last", () => {
    const before = Buffer.from(codec.encode(echo, { text: "well" }));
    expect(() => protobufCodec.encode(echo, { text: "torn", count: 2 ** 40 })).toThrow();
    expect(Buffer.from(codec.encode(echo, { text: "well" })).equals(before)).toBe(true);
  });

  test("keeps nothing of the message it encoded", () => {
    const payload = Buffer.from("before");
    const bytes = codec.encode(echo, { payload });
    payload.fill(0);
    expect(codec.decode(echo, bytes)).toMatchObject({ payload: Buffer.from("before") });
  });
});

describe("protobuf", () => {
  test("is the content-subtype proto", () => {
    expect(protobufCodec.name).toBe("proto");
  });

  test("writes what any protobuf library writes", () => {
    expect(Buffer.from(protobufCodec.encode(echo, { payload: Uint8Array.of(7), count: 300 })).toString("hex")).toBe(
      "0a010710ac02",
    );
  });

  test("writes messages of any size one after the other, each its own", () => {
    const sizes = [0, 1, 100, 126, 127, 128, 4000, 4096, 4097, 65_530, 65_536, 200_000, 100, 0];
    const written = sizes.map((size) => protobufCodec.encode(echo, { payload: Buffer.alloc(size, size % 251) }));
    for (const [index, bytes] of written.entries()) {
      const size = sizes[index] as number;
      const finished = echo.encode(echo.fromPartial({ payload: Buffer.alloc(size, size % 251) })).finish();
      expect(Buffer.from(bytes).equals(finished)).toBe(true);
    }
  });

  test("takes the bytes of a message that has its own way of being written", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const own: MessageType = { ...echo, encode: () => ({ finish: () => bytes }), fromPartial: (message) => message };
    expect(protobufCodec.encode(own, {})).toBe(bytes);
    expect(Buffer.from(protobufCodec.encode(echo, { count: 1 })).toString("hex")).toBe("1001");
  });

  test("keeps nothing of what a type with its own way has written on the way", () => {
    const sealed: MessageType = {
      ...echo,
      fromPartial: (message) => message,
      encode: (message, writer?: unknown) => {
        (echo.encode as (message: unknown, writer: unknown) => unknown)(message, writer);
        return { finish: () => Uint8Array.of(1) };
      },
    } as MessageType;
    protobufCodec.encode(sealed, echo.fromPartial({ payload: Buffer.from("a secret") }));
    expect(Buffer.from(protobufCodec.encode(echo, { count: 1 })).toString("hex")).toBe("1001");
  });

  test("a type that goes on with the writer it has finished wraps messages of any size, again and again", () => {
    const wrapped: MessageType = {
      ...echo,
      fromPartial: (message) => message,
      encode: (message, writer = new BinaryWriter()) => {
        const inner = Crate.encode(Crate.fromPartial(message as object), writer).finish();
        return writer.uint32(10).bytes(inner);
      },
    } as MessageType & { encode(message: unknown, writer?: BinaryWriter): BinaryWriter };
    const inner = { name: "n".repeat(200_000) };
    const plain = Crate.encode(Crate.fromPartial(inner)).finish();
    const expected = new BinaryWriter().uint32(10).bytes(plain).finish();
    for (let times = 0; times < 3; times++) {
      expect(Buffer.from(protobufCodec.encode(wrapped, inner)).equals(expected)).toBe(true);
    }
  });

  test("passes over fields it does not know", () => {
    expect(protobufCodec.decode(echo, Buffer.from("10ac02f8ff0105", "hex"))).toMatchObject({ count: 300 });
  });

  test.each([
    ["cut short", "0a05aa"],
    ["an endless number", "10ffffffffffffffffffffff"],
    ["an illegal wire type", "0f"],
  ])("refuses bytes that are no message: %s", (_what, hex) => {
    expect(() => protobufCodec.decode(echo, Buffer.from(hex, "hex"))).toThrow(Error);
  });

  test("refuses a message nested without end", () => {
    let bytes = Buffer.alloc(0);
    for (let depth = 0; depth < 10_000; depth++) bytes = Buffer.concat([Buffer.of(0x12), varint(bytes.length), bytes]);
    expect(() => protobufCodec.decode(Crate as MessageType, bytes)).toThrow("recursion limit");
  });

  test("answers or throws for any bytes, and never loses itself in them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          expect(protobufCodec.decode(cargo, bytes)).toBeTypeOf("object");
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("JSON", () => {
  const decodeText = (text: string): unknown => jsonCodec.decode(echo, Buffer.from(text));

  function refusal(run: () => unknown): RpcError {
    try {
      run();
    } catch (error) {
      if (error instanceof RpcError) return error;
      throw error;
    }
    throw new Error("was not refused");
  }

  test("is the content-subtype json", () => {
    expect(jsonCodec.name).toBe("json");
  });

  test("writes proto3 JSON: camelCase, 64-bit numbers and bytes as text, enums by name, times in RFC 3339", () => {
    const json = JSON.parse(Buffer.from(jsonCodec.encode(cargo, fullCargo)).toString());
    expect(json).toMatchObject({
      int64Value: "-9007199254740993",
      uint64Value: "18446744073709551615",
      raw: "AP8=",
      colour: "COLOUR_BLUE",
      loadedAt: "2026-01-02T03:04:05.678Z",
      voyage: { seconds: "3", nanos: 5 },
      flagsById: { "-1": true },
      ticket: "7",
      remark: "",
      nickname: "",
    });
    expect(json).not.toHaveProperty("content");
    expect(json).not.toHaveProperty("password");
  });

  test("reads the names of the .proto file too, and passes over what it does not know", () => {
    expect(decodeText('{"delay_ms":5,"unknown":[1],"text":null}')).toMatchObject({ delayMs: 5, text: "" });
  });

  test.each([
    ["no JSON", "{", /^not the JSON of hawser\.test\.v1\.EchoRequest: /],
    ["nothing", "", /^not the JSON of hawser\.test\.v1\.EchoRequest: /],
    ["a list", "[]", /: expected an object$/],
    ["null", "null", /: expected an object$/],
    ["a number", "5", /: expected an object$/],
    ["a text", '"{}"', /: expected an object$/],
    ["a word for a number", '{"count":"many"}', /^not the JSON of hawser\.test\.v1\.EchoRequest: /],
    ["a number out of range", '{"count":4294967296}', /^not the JSON of hawser\.test\.v1\.EchoRequest: /],
    ["a fraction", '{"count":1.5}', /^not the JSON of hawser\.test\.v1\.EchoRequest: /],
    ["an object for a number", '{"count":{}}', /^not the JSON of hawser\.test\.v1\.EchoRequest: /],
    ["a number for bytes", '{"payload":5}', /^not the JSON of hawser\.test\.v1\.EchoRequest: /],
  ])("refuses %s as INVALID_ARGUMENT, naming the message", (_what, text, message) => {
    const error = refusal(() => decodeText(text));
    expect(error.code).toBe(Code.INVALID_ARGUMENT);
    expect(error.message).toMatch(message);
    expect(error.cause).toBeInstanceOf(Error);
  });

  test.each([
    ["a word for a 64-bit number", { int64Value: "many" }],
    ["a 64-bit number out of range", { int64Value: "9223372036854775808" }],
    ["a negative unsigned number", { uint32Value: -1 }],
    ["a word for a time", { loadedAt: "yesterday" }],
    ["a fraction in a list", { numbers: ["1", "1.5"] }],
  ])("refuses %s as INVALID_ARGUMENT", (_what, json) => {
    const error = refusal(() => jsonCodec.decode(cargo, Buffer.from(JSON.stringify(json))));
    expect(error.code).toBe(Code.INVALID_ARGUMENT);
    expect(error.message).toMatch(/^not the JSON of hawser\.test\.v1\.Cargo: /);
  });

  test("refuses a message nested without end", () => {
    const depth = 100_000;
    const json = `${'{"crates":['.repeat(depth)}${"]}".repeat(depth)}`;
    const error = refusal(() => jsonCodec.decode(Crate as MessageType, Buffer.from(json)));
    expect(error.code).toBe(Code.INVALID_ARGUMENT);
  });

  test("refuses bytes that are no UTF-8", () => {
    const bytes = Buffer.concat([Buffer.from('{"text":"'), Buffer.of(0xff), Buffer.from('"}')]);
    expect(refusal(() => jsonCodec.decode(echo, bytes)).code).toBe(Code.INVALID_ARGUMENT);
  });

  test("is not led astray by the names of an object's own machinery", () => {
    const message = jsonCodec.decode(cargo, Buffer.from('{"__proto__":{"text":"x"},"labels":{"__proto__":"y"}}'));
    expect((message as Cargo).text).toBe("");
    expect(({} as { text?: string }).text).toBeUndefined();
  });

  test("answers any JSON value with a message or with INVALID_ARGUMENT", () => {
    const wrong = fc.dictionary(fc.constantFrom(...Object.keys(fullCargo)), fc.jsonValue());
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), wrong), (value) => {
        try {
          expect(jsonCodec.decode(cargo, Buffer.from(JSON.stringify(value)))).toBeTypeOf("object");
        } catch (error) {
          expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT });
        }
      }),
      { numRuns: 500 },
    );
  });

  test("speaks of the message where the type has no name", () => {
    const nameless: MessageType = {
      encode: echo.encode,
      decode: echo.decode,
      fromJSON: echo.fromJSON,
      toJSON: echo.toJSON,
      fromPartial: echo.fromPartial,
    };
    expect(refusal(() => jsonCodec.decode(nameless, Buffer.from("[]"))).message).toBe(
      "not the JSON of the message: expected an object",
    );
  });
});

describe("a generated message", () => {
  test("holds on to the bytes it was decoded from instead of copying them", () => {
    const bytes = protobufCodec.encode(EchoRequest, { payload: Buffer.from("large") });
    const { payload } = protobufCodec.decode(EchoRequest, bytes) as EchoRequest;
    expect(payload.toString()).toBe("large");
    expect(payload.buffer).toBe(bytes.buffer);
  });

  test("shares the bytes it has none of, which nobody can change", () => {
    const [one, other] = [EchoRequest.create(), EchoRequest.create()];
    expect(one.payload).toBe(other.payload);
    expect(one.payload).toHaveLength(0);
  });
});
