import fc from "fast-check";
import { expect, test } from "vitest";
import { protobufCodec } from "../../src/codec/protobuf.js";
import type { MessageType } from "../../src/contract/contract.js";
import { Cargo } from "../gen/hawser/test/v1/cargo.js";
import { EchoRequest } from "../gen/hawser/test/v1/echo.js";
import { anyCargo } from "./cargo.js";

const cargo = Cargo as MessageType;
const decodePart = protobufCodec.decodePart as NonNullable<typeof protobufCodec.decodePart>;

function inOnePiece(messages: readonly Uint8Array[]): { bytes: Buffer; ends: readonly number[] } {
  let end = 0;
  return { bytes: Buffer.concat(messages), ends: messages.map(({ length }) => (end += length)) };
}

test("reads messages that lie one after the other in one piece of memory", () => {
  fc.assert(
    fc.property(fc.array(anyCargo, { minLength: 1, maxLength: 5 }), (messages) => {
      const { bytes, ends } = inOnePiece(messages.map((message) => protobufCodec.encode(cargo, message)));
      const read = ends.map((end, i) => decodePart(cargo, bytes, ends[i - 1] ?? 0, end));
      expect(read).toEqual(messages);
    }),
  );
});

test("a message that claims more than its part gets nothing of what follows it", () => {
  const secret = EchoRequest.encode(EchoRequest.fromPartial({ text: "another's secret" })).finish();
  for (const claim of [Buffer.of(0x32, 16), Buffer.of(0x0a, 0x7f), Buffer.of(0x32)]) {
    const bytes = Buffer.concat([claim, secret]);
    expect(() => decodePart(EchoRequest as MessageType, bytes, 0, claim.length)).toThrow();
    expect(decodePart(EchoRequest as MessageType, bytes, claim.length, bytes.length)).toMatchObject({
      text: "another's secret",
    });
  }
});

test("a small field that is kept does not keep the piece it came in", () => {
  const request = EchoRequest.encode(EchoRequest.fromPartial({ payload: Buffer.alloc(100, 7) })).finish();
  const piece = Buffer.concat([request, Buffer.alloc(64 * 1024)]);
  const { payload } = decodePart(EchoRequest as MessageType, piece, 0, request.length) as EchoRequest;
  expect(payload).toEqual(Buffer.alloc(100, 7));
  expect(payload.buffer).not.toBe(piece.buffer);
});

test("small fields of messages that came together hold on to one small page, and to what they were", () => {
  const payloads = Array.from({ length: 300 }, (_, i) => Buffer.alloc(100 + (i % 7), i));
  const requests = payloads.map((payload) => EchoRequest.encode(EchoRequest.fromPartial({ payload })).finish());
  const { bytes, ends } = inOnePiece(requests);
  const piece = Buffer.from(new Uint8Array(bytes).buffer);
  const read = ends.map(
    (end, i) => decodePart(EchoRequest as MessageType, piece, ends[i - 1] ?? 0, end) as EchoRequest,
  );
  expect(read.map(({ payload }) => payload)).toEqual(payloads);
  for (const { payload } of read) expect(payload.buffer.byteLength).toBeLessThanOrEqual(8192);
  expect(new Set(read.map(({ payload }) => payload.buffer)).size).toBeLessThan(10);
});

test("fields that are read again, and in any order, are what they were", () => {
  const payloads = Array.from({ length: 300 }, (_, i) => Buffer.alloc(100, i));
  const { bytes, ends } = inOnePiece(
    payloads.map((payload) => EchoRequest.encode(EchoRequest.fromPartial({ payload })).finish()),
  );
  const piece = Buffer.from(new Uint8Array(bytes).buffer);
  for (const i of [0, 1, 2, 150, 151, 152, 1, 0, 299, 298, 151, 2, 3, 4]) {
    const read = decodePart(EchoRequest as MessageType, piece, ends[i - 1] ?? 0, ends[i] as number) as EchoRequest;
    expect(read.payload).toEqual(payloads[i]);
  }
});

test("a field that is little of its message is kept alone, however small the piece", () => {
  const request = EchoRequest.encode(EchoRequest.fromPartial({ payload: Buffer.alloc(16, 7), text: "x".repeat(4000) }));
  const piece = Buffer.from(new Uint8Array(request.finish()).buffer);
  const { payload } = decodePart(EchoRequest as MessageType, piece, 0, piece.length) as EchoRequest;
  expect(payload).toEqual(Buffer.alloc(16, 7));
  expect(payload.buffer).not.toBe(piece.buffer);
});

test("a type that reads bytes in its own way is given its part and no more", () => {
  const own: MessageType = {
    ...(EchoRequest as MessageType),
    decode: (bytes) => Buffer.from(bytes).toString("latin1"),
  };
  expect(decodePart(own, Buffer.from("before|message|after"), 7, 14)).toBe("message");
});

test("a type that stands on another copy of the library is given its part as bytes", () => {
  const foreign: MessageType = {
    ...(EchoRequest as MessageType),
    // biome-ignore lint/complexity/useArrowFunction: a declared second parameter is what stubs have
    decode: function (input: Uint8Array, _length?: number) {
      const { buffer, byteOffset, byteLength } = new DataView(input.buffer, input.byteOffset, input.byteLength);
      return EchoRequest.decode(new Uint8Array(buffer, byteOffset, byteLength));
    },
  };
  const request = Buffer.from(EchoRequest.encode(EchoRequest.fromPartial({ text: "hello" })).finish());
  expect(decodePart(foreign, Buffer.concat([request, request]), request.length, 2 * request.length)).toMatchObject({
    text: "hello",
  });
});

test("a type that reads bytes in its own way does not keep the piece they came in", () => {
  const own: MessageType = { ...(EchoRequest as MessageType), decode: (bytes) => bytes };
  const piece = Buffer.alloc(64 * 1024, 7);
  const part = decodePart(own, piece, 100, 200) as Uint8Array;
  expect(Buffer.from(part)).toEqual(Buffer.alloc(100, 7));
  expect(part.buffer).not.toBe(piece.buffer);
  expect((decodePart(own, piece, 0, piece.length / 2) as Uint8Array).buffer).toBe(piece.buffer);
});

test("a type that has a second parameter and does not read is given bytes", () => {
  const raw: MessageType = {
    ...(EchoRequest as MessageType),
    decode: (input: Uint8Array, _length?: number) => input,
  };
  expect(decodePart(raw, Buffer.from("before|message|after"), 7, 14)).toEqual(Buffer.from("message"));
});
