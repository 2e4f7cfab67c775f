import { describe, expectTypeOf, test } from "vitest";
import { Metadata, type MetadataInit, type MetadataValue } from "../../src/contract/contract.js";

describe("Metadata", () => {
  const metadata = new Metadata();

  test("gives text, and bytes for keys that end in -bin", () => {
    expectTypeOf(metadata.get("x-tenant")).toEqualTypeOf<string | undefined>();
    expectTypeOf(metadata.get("x-key-bin")).toEqualTypeOf<Uint8Array | undefined>();
    expectTypeOf(metadata.getAll("x-tenant")).toEqualTypeOf<readonly string[]>();
    expectTypeOf(metadata.getAll("x-key-bin")).toEqualTypeOf<readonly Uint8Array[]>();
  });

  test("takes text, and bytes for keys that end in -bin", () => {
    metadata.set("x-tenant", "1").set("x-key-bin", Uint8Array.of(1));
    // @ts-expect-error bytes need a key that ends in -bin
    expectTypeOf(() => metadata.set("x-tenant", Uint8Array.of(1))).toBeFunction();
    // @ts-expect-error a key that ends in -bin wants bytes
    expectTypeOf(() => metadata.set("x-key-bin", "text")).toBeFunction();
  });

  test("is made of an object, of pairs, or of other metadata", () => {
    expectTypeOf<{ "x-tenant": string; "x-roles": string[]; "x-key-bin": Uint8Array }>().toExtend<MetadataInit>();
    expectTypeOf<[string, string][]>().toExtend<MetadataInit>();
    expectTypeOf<Map<string, string>>().toExtend<MetadataInit>();
    expectTypeOf<Metadata>().toExtend<MetadataInit>();
    expectTypeOf<{ "x-tenant": number }>().not.toExtend<MetadataInit>();
  });

  test("is iterated as pairs of key and value", () => {
    expectTypeOf([...metadata]).toEqualTypeOf<[string, MetadataValue][]>();
  });
});
