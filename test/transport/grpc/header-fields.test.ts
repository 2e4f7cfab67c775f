import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Metadata, type MetadataValue } from "../../../src/contract/contract.js";
import {
  fromBase64,
  isBase64,
  isReserved,
  readField,
  toBase64,
  writeFields,
} from "../../../src/transport/grpc/header-fields.js";

const bytes = fc.uint8Array({ maxLength: 64 });
const text = fc.string({ unit: fc.constantFrom(...Array.from({ length: 95 }, (_, n) => String.fromCharCode(32 + n))) });
const name = fc.stringMatching(/^[a-z0-9_.-]{1,12}$/).map((word) => `x${word}`);
const entry = fc.oneof(
  fc.tuple(
    name.filter((key) => !key.endsWith("-bin")),
    text,
  ),
  fc.tuple(
    name.map((key) => `${key}-bin`),
    bytes,
  ),
);

/** What went out, read back field by field. */
function throughFields(metadata: Metadata): [string, MetadataValue][] {
  const fields: { [name: string]: string | string[] } = {};
  writeFields(metadata, fields);
  return Object.entries(fields).flatMap(([key, value]) =>
    [value].flat().flatMap((each) => [...readField(key, each)] as [string, MetadataValue][]),
  );
}

const plain = (entries: Iterable<readonly [string, MetadataValue]>) =>
  [...entries].map(([key, value]) => [key, typeof value === "string" ? value : [...value]]);

describe("header fields", () => {
  test("metadata comes back as it was, values of one key in their order", () => {
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const metadata = new Metadata(entries as [string, MetadataValue][]);
        expect(plain(throughFields(metadata))).toEqual(plain(metadata));
      }),
    );
  });

  test("base64 is written without padding and read with or without", () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const written = toBase64(value);
        expect(written).not.toContain("=");
        expect(isBase64(written)).toBe(true);
        expect([...fromBase64(written)]).toEqual([...value]);
        const padded = Buffer.from(value).toString("base64");
        expect(isBase64(padded)).toBe(true);
        expect([...fromBase64(padded)]).toEqual([...value]);
      }),
    );
  });

  test("bytes are written from where they lie, not from their whole buffer", () => {
    const part = new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 3);
    expect([...fromBase64(toBase64(part))]).toEqual([2, 3]);
  });

  test("several values may share a field", () => {
    expect(plain(readField("x-bin", "AQ==, AgM,"))).toEqual([
      ["x-bin", [1]],
      ["x-bin", [2, 3]],
      ["x-bin", []],
    ]);
    expect([...readField("x", "a, b")]).toEqual([["x", "a, b"]]);
  });

  test.each(["a", "ab=", "abc==", "====", "ab=c", "a b", "-_-_", "é", "AA==,A"])("%j is no base64", (value) => {
    expect(isBase64(value)).toBe(false);
  });

  test.each(["", "AA", "AA==", "AAA", "AAA=", "AAAA", "AAAAAA==", "+/+/", "AA==,BB", ",", "AA , BB"])(
    "%j is base64",
    (value) => {
      expect(isBase64(value)).toBe(true);
    },
  );

  test("names of gRPC and HTTP are reserved, others are not", () => {
    for (const each of [":path", "grpc-status", "grpc-anything", "te", "content-type", "user-agent", "host"]) {
      expect(isReserved(each)).toBe(true);
    }
    for (const each of ["x-tenant", "traceparent", "authorization", "grpc", "mygrpc-x"])
      expect(isReserved(each)).toBe(false);
  });
});
