import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Instance } from "../../src/contract/contract.js";
import {
  copyInstance,
  copyUpdate,
  fromMessage,
  InstanceMessage,
  toMessage,
} from "../../src/registry/instance-message.js";
import { instance } from "../conformance/registry.js";

const name = fc.stringMatching(/^[!-.0-~]{1,20}$/);
const texts = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 4 });

const instances: fc.Arbitrary<Instance> = fc.record({
  id: name,
  service: name,
  version: fc.string(),
  endpoints: texts,
  contracts: texts,
  metadata: fc.dictionary(fc.string(), fc.string()),
  weight: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  zone: fc.string(),
  state: fc.constantFrom("starting", "serving", "draining"),
  startedAt: fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true }),
});

describe("an instance as registries carry it", () => {
  test("comes back from bytes and from JSON as it was", () => {
    fc.assert(
      fc.property(instances, (each) => {
        const bytes = InstanceMessage.encode(toMessage(each)).finish();
        expect(fromMessage(InstanceMessage.decode(bytes))).toEqual(plain(each));
        const json = JSON.parse(JSON.stringify(InstanceMessage.toJSON(toMessage(each))));
        expect(fromMessage(InstanceMessage.fromJSON(json))).toEqual(plain(each));
      }),
    );
  });

  test("what is left out has its default", () => {
    const message = InstanceMessage.fromPartial({ id: "orders-1", service: "orders" });
    expect(fromMessage(message)).toEqual({
      id: "orders-1",
      service: "orders",
      version: "",
      endpoints: [],
      contracts: [],
      metadata: {},
      weight: 100,
      zone: "",
      state: "serving",
      startedAt: new Date(0),
    });
  });

  test("a state of the future is not guessed", () => {
    const message = { ...toMessage(instance("orders-1")), state: 99 as never };
    expect(() => fromMessage(message)).toThrow(/written by a newer Hawser/);
  });

  test("a copy shares nothing with what it was made of", () => {
    const original = { ...instance("orders-1"), endpoints: ["grpc://a:1"], metadata: { team: "checkout" } };
    const copy = copyInstance(original);
    original.endpoints.push("grpc://b:1");
    original.metadata.team = "nobody";
    original.startedAt.setFullYear(1999);
    expect(copy).toEqual({ ...instance("orders-1"), endpoints: ["grpc://a:1"], metadata: { team: "checkout" } });
  });

  test("an update is of the same instance", () => {
    const current = instance("orders-1");
    expect(copyUpdate(current, { ...current, weight: 7 }).weight).toBe(7);
    expect(() => copyUpdate(current, instance("orders-2"))).toThrow(/cannot change id or service.*"orders-2"/);
  });
});

/** Without the prototypes that fast-check gives to dictionaries now and then. */
function plain(each: Instance): Instance {
  return { ...each, metadata: { ...each.metadata } };
}
