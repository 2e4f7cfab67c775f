import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { Metadata, type MetadataValue, namesOfHttp } from "../../src/contract/contract.js";

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
const key = fc
  .string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 12 })
  .filter((each) => !each.toLowerCase().endsWith("-bin") && !each.toLowerCase().startsWith("grpc-"))
  .filter((each) => !namesOfHttp.has(each.toLowerCase()));
const binaryKey = key.map((each) => `${each}-bin`);
const text = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) });
const bytes = fc.uint8Array({ maxLength: 20 });
const textEntry = fc.tuple(key, text);
const entry: fc.Arbitrary<[string, MetadataValue]> = fc.oneof(textEntry, fc.tuple(binaryKey, bytes));
const entries = fc.array(entry, { maxLength: 15 });

/** The same key as somebody else would write it. */
function otherCase(each: string): string {
  return [...each].map((letter, index) => (index % 2 === 0 ? letter.toUpperCase() : letter.toLowerCase())).join("");
}

describe("Metadata", () => {
  test("finds what was put in, whatever the case of the key", () => {
    fc.assert(
      fc.property(entry, ([name, value]) => {
        const metadata = new Metadata().append(otherCase(name), value);
        for (const spelling of [name, name.toUpperCase(), name.toLowerCase(), otherCase(name)]) {
          expect(metadata.get(spelling)).toBe(value);
          expect(metadata.getAll(spelling)).toEqual([value]);
          expect(metadata.has(spelling)).toBe(true);
        }
        expect([...metadata.keys()]).toEqual([name.toLowerCase()]);
      }),
    );
  });

  test.each([...namesOfHttp])("refuses %s, whatever its case: the name belongs to HTTP", (name) => {
    for (const written of [name, otherCase(name)]) {
      expect(() => new Metadata().set(written, "x")).toThrow(`metadata key "${name}": the name belongs to HTTP`);
      expect(() => new Metadata().append(written, "x")).toThrow(TypeError);
    }
  });

  test("keeps every value of a key in the order it was appended, and get gives the first", () => {
    fc.assert(
      fc.property(key, fc.array(text, { minLength: 1, maxLength: 5 }), (name, values) => {
        const metadata = new Metadata();
        for (const value of values) metadata.append(otherCase(name), value);
        expect(metadata.getAll(name)).toEqual(values);
        expect(metadata.get(name)).toBe(values[0]);
        expect([...metadata]).toEqual(values.map((value) => [name.toLowerCase(), value]));
      }),
    );
  });

  test("set replaces all values, delete takes them away and says whether there were any", () => {
    fc.assert(
      fc.property(key, text, text, text, (name, one, two, three) => {
        const metadata = new Metadata().append(name, one).append(name, two).set(otherCase(name), three);
        expect(metadata.getAll(name)).toEqual([three]);
        expect(metadata.delete(otherCase(name))).toBe(true);
        expect(metadata.has(name)).toBe(false);
        expect(metadata.get(name)).toBeUndefined();
        expect(metadata.delete(name)).toBe(false);
        expect(metadata.empty).toBe(true);
      }),
    );
  });

  test("is the same made of pairs, of an object, and of other metadata", () => {
    fc.assert(
      fc.property(entries, (pairs) => {
        const ofPairs = new Metadata(pairs);
        expect([...new Metadata(ofPairs)]).toEqual([...ofPairs]);
        expect(new Metadata(ofPairs.toJSON()).toJSON()).toEqual(ofPairs.toJSON());
        expect([...ofPairs].length).toBe(pairs.length);
        expect(ofPairs.empty).toBe(pairs.length === 0);
      }),
    );
  });

  test("takes one value or several of a key from an object", () => {
    const metadata = new Metadata({ "X-Tenant": "1", "x-role": ["a", "b"], "x-key-bin": Uint8Array.of(1) });
    expect([...metadata]).toEqual([
      ["x-tenant", "1"],
      ["x-role", "a"],
      ["x-role", "b"],
      ["x-key-bin", Uint8Array.of(1)],
    ]);
  });

  test("changes nothing in what it was cloned or made from, and nothing in it changes with them", () => {
    fc.assert(
      fc.property(entries, entry, (pairs, [name, value]) => {
        const original = new Metadata(pairs);
        const before = [...original];
        const copies = [original.clone(), new Metadata(original), new Metadata(original.toJSON())];
        for (const copy of copies) {
          copy.append(name, value);
          for (const [each] of pairs) copy.append(each, each.endsWith("-bin") ? Uint8Array.of(9) : "more");
          copy.delete(name);
        }
        expect([...original]).toEqual(before);
        const clone = original.clone();
        original.append(name, value);
        expect([...clone]).toEqual(before);
      }),
    );
  });

  test("knows no key that nobody put in, be it the name of a property of every object", () => {
    const metadata = new Metadata({ a: "1" });
    for (const name of ["__proto__", "constructor", "tostring", "has"]) {
      expect(metadata.get(name)).toBeUndefined();
      expect(metadata.has(name)).toBe(false);
      expect(new Metadata().append(name, "x").toJSON()[name]).toEqual(["x"]);
    }
  });

  test("is written to a log by its entries", () => {
    expect(JSON.stringify(new Metadata({ "x-role": ["a", "b"] }))).toBe('{"x-role":["a","b"]}');
  });
});

describe("Metadata refuses", () => {
  test.each(["", "x y", "ümlaut", ":path", "a\n", "x:y", 'q"'])("the key %j, naming it", (name) => {
    const message = `metadata key ${JSON.stringify(name)}: only letters, digits, "_", "-" and "." are allowed`;
    expect(() => new Metadata().append(name, "1")).toThrow(new TypeError(message));
    expect(() => new Metadata().set(name, "1")).toThrow(TypeError);
    expect(() => new Metadata([[name, "1"]])).toThrow(TypeError);
  });

  test.each(["grpc-timeout", "GRPC-Status", "grpc-status-details-bin"])(
    "the key %s, which is the transport's",
    (name) => {
      expect(() => new Metadata({ [name]: "1" })).toThrow(
        new TypeError(`metadata key "${name.toLowerCase()}": names in "grpc-" belong to the transport`),
      );
    },
  );

  test("text under a -bin key, and bytes under another, saying which goes where", () => {
    expect(() => new Metadata().append("x-bin", "text")).toThrow(
      new TypeError('metadata "x-bin": a key that ends in "-bin" carries a Uint8Array, not string'),
    );
    expect(() => new Metadata().append("x", Uint8Array.of(1))).toThrow(
      new TypeError('metadata "x": the value must be a string; bytes need a key that ends in "-bin"'),
    );
    expect(() => new Metadata({ x: 5 as unknown as string })).toThrow(TypeError);
  });

  test("text beyond printable ASCII, which could not travel, saying what can", () => {
    const illegal = fc
      .string({ unit: "binary", minLength: 1 })
      .filter((each) => [...each].some((letter) => letter < " " || letter > "~"));
    fc.assert(
      fc.property(illegal, (value) => {
        expect(() => new Metadata().append("x-name", value)).toThrow(
          new TypeError(
            'metadata "x-name": only printable ASCII is allowed; other text goes as bytes under "x-name-bin"',
          ),
        );
      }),
      { examples: [["a\r\nx-admin: 1"], ["\0"], ["\x7f"], ["Zoë"]] },
    );
  });

  test("one wrong value, and stays as it was", () => {
    const metadata = new Metadata({ a: "1" });
    expect(() => metadata.set("a", "\n")).toThrow(TypeError);
    expect(() => metadata.append("a", "\n")).toThrow(TypeError);
    expect([...metadata]).toEqual([["a", "1"]]);
  });
});

describe("Metadata.lazy", () => {
  const wire = (): [string, MetadataValue][] => [
    ["a", "1"],
    ["a", "2"],
    ["k-bin", Uint8Array.of(1)],
  ];

  test("is not read before somebody asks, and then once, whoever asks first", () => {
    const first: ((metadata: Metadata) => unknown)[] = [
      (metadata) => metadata.get("a"),
      (metadata) => metadata.getAll("a"),
      (metadata) => metadata.has("a"),
      (metadata) => metadata.empty,
      (metadata) => metadata.keys(),
      (metadata) => metadata.clone(),
      (metadata) => [...metadata],
      (metadata) => metadata.toJSON(),
      (metadata) => metadata.delete("zz"),
      (metadata) => metadata.set("b", "1"),
      (metadata) => metadata.append("b", "1"),
    ];
    for (const ask of first) {
      const load = vi.fn(wire);
      const metadata = Metadata.lazy(load);
      expect(load).not.toHaveBeenCalled();
      ask(metadata);
      for (const again of first) again(metadata);
      expect(load).toHaveBeenCalledTimes(1);
      expect(metadata.getAll("a")).toEqual(["1", "2"]);
      expect(metadata.get("k-bin")).toEqual(Uint8Array.of(1));
    }
  });

  test("takes entries as the wire gave them", () => {
    const metadata = Metadata.lazy(() => [["grpc-internal", "\u00e9"]]);
    expect(metadata.get("grpc-internal")).toBe("\u00e9");
  });

  test("does not pass for empty after reading it failed once", () => {
    let broken = true;
    const metadata = Metadata.lazy(() => {
      if (broken) throw new Error("not now");
      return wire();
    });
    expect(() => metadata.get("a")).toThrow("not now");
    broken = false;
    expect(metadata.get("a")).toBe("1");
  });
});
