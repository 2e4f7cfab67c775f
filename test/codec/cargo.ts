import fc from "fast-check";
import { Cargo, Colour, type Crate } from "../gen/hawser/test/v1/cargo.js";

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const uint32 = fc.nat({ max: 2 ** 32 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const bytes = fc.uint8Array({ maxLength: 50 }).map((each) => Buffer.from(each));
const text = fc.string({ unit: "grapheme", maxLength: 20 });
const colour = fc.constantFrom(Colour.COLOUR_UNSPECIFIED, Colour.COLOUR_RED, Colour.COLOUR_BLUE);
// proto3 has one zero.
const float = fc.float().map((each) => each + 0);
const double = fc.double().map((each) => each + 0);
/** Of an object used as a map, `__proto__` is no key. */
const key = text.filter((each) => each !== "__proto__");

const crateOf = (inner: fc.Arbitrary<Crate[]>): fc.Arbitrary<Crate> => fc.record({ name: text, crates: inner });
const empty = crateOf(fc.constant([]));
/** Crates in crates in crates. */
const crate = crateOf(fc.array(crateOf(fc.array(empty, { maxLength: 2 })), { maxLength: 2 }));

const content: fc.Arbitrary<Cargo["content"]> = fc.oneof(
  fc.constant(undefined),
  fc.record({ $case: fc.constant("note" as const), value: text }),
  fc.record({ $case: fc.constant("ticket" as const), value: int64 }),
  fc.record({ $case: fc.constant("parcel" as const), value: crate }),
  fc.record({ $case: fc.constant("blob" as const), value: bytes }),
);

/** Any message of everything protobuf has. */
export const anyCargo: fc.Arbitrary<Cargo> = fc.record({
  text,
  raw: bytes,
  flag: fc.boolean(),
  int32Value: int32,
  sint32Value: int32,
  uint32Value: uint32,
  fixed32Value: uint32,
  int64Value: int64,
  sint64Value: int64,
  uint64Value: uint64,
  fixed64Value: uint64,
  floatValue: float,
  doubleValue: double,
  colour,
  crate: fc.option(crate, { nil: undefined }),
  texts: fc.array(text, { maxLength: 3 }),
  numbers: fc.array(int64, { maxLength: 3 }),
  crates: fc.array(crate, { maxLength: 3 }),
  colours: fc.array(colour, { maxLength: 3 }),
  labels: fc.dictionary(key, text, { maxKeys: 3 }),
  cratesByNumber: fc.dictionary(int32.map(String), crate, { maxKeys: 3 }),
  seals: fc.dictionary(key, bytes, { maxKeys: 3 }),
  flagsById: fc.array(fc.tuple(int64, fc.boolean()), { maxLength: 3 }).map((pairs) => new Map(pairs)),
  content,
  remark: fc.option(text, { nil: undefined }),
  rank: fc.option(int32, { nil: undefined }),
  loadedAt: fc.option(
    fc.date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true }),
    { nil: undefined },
  ),
  voyage: fc.option(
    fc.record({ seconds: fc.bigInt({ min: 0n, max: 315_576_000_000n }), nanos: fc.nat({ max: 999_999_999 }) }),
    { nil: undefined },
  ),
  nickname: fc.option(text, { nil: undefined }),
  password: text,
});

/** A message with everything set. */
export const fullCargo: Cargo = {
  ...Cargo.fromPartial({}),
  text: "rope",
  raw: Buffer.of(0, 255),
  int64Value: -9_007_199_254_740_993n,
  uint64Value: 2n ** 64n - 1n,
  floatValue: 0.5,
  doubleValue: 0.1,
  colour: Colour.COLOUR_BLUE,
  crate: { name: "a", crates: [{ name: "b", crates: [] }] },
  texts: ["", "ü"],
  labels: { a: "1" },
  flagsById: new Map([[-1n, true]]),
  content: { $case: "ticket", value: 7n },
  remark: "",
  rank: 0,
  loadedAt: new Date("2026-01-02T03:04:05.678Z"),
  voyage: { seconds: 3n, nanos: 5 },
  nickname: "",
};
