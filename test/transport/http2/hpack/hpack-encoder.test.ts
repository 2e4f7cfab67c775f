import { describe, expect, it } from "vitest";
import { type Fields, HpackEncoder, sensitiveFields } from "../../../../src/transport/http2/hpack/hpack.js";
import { writeInteger } from "../../../../src/transport/http2/hpack/integer.js";
import { decode, decoder, encode, fieldsOf, hex } from "./blocks.js";

const none: Fields = [];
const method = (name: string): Fields => [
  ...[":method", "POST", ":scheme", "http", ":path", `/shop.v1.Orders/${name}`, ":authority", "127.0.0.1:50051"],
  ...["content-type", "application/grpc", "te", "trailers", "user-agent", "hawser/1.0"],
];

/** What 100 methods of one service would have as their path. */
const manyMethods = Array.from({ length: 100 }, (_, i) => method(`Place${i}`));

describe("the examples of RFC 7541", () => {
  it.each([
    [10, 5, "0a"],
    [1337, 5, "1f9a0a"],
    [42, 8, "2a"],
    [30, 5, "1e"],
    [31, 5, "1f00"],
    [2 ** 28, 7, "7f81ffff7f"],
  ])("are written: %d with a prefix of %d bits (C.1)", (value, prefixBits, bytes) => {
    const target = Buffer.alloc(8);
    expect(target.subarray(0, writeInteger(value, 0, prefixBits, target, 0))).toEqual(hex(bytes));
  });

  it("are written: requests in Huffman code (C.4)", () => {
    const writer = new HpackEncoder();
    const head = [":method", "GET", ":scheme", "http", ":path", "/", ":authority", "www.example.com"];
    const secure = [":method", "GET", ":scheme", "https", ":path", "/index.html", ":authority", "www.example.com"];
    const blocks = [head, [...head, "cache-control", "no-cache"], [...secure, "custom-key", "custom-value"]];
    expect(blocks.map((fields) => encode(writer, writer.template(fields)).toString("hex"))).toEqual([
      "828684418cf1e3c2e5f23a6ba0ab90f4ff",
      "828684be5886a8eb10649cbf",
      "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ]);
  });
});

describe("a template", () => {
  it("costs a byte a field from its second block on", () => {
    const writer = new HpackEncoder();
    const reader = decoder();
    const template = writer.template(method("Place"));
    const blocks = [1, 2, 3].map(() => encode(writer, template));
    expect(blocks.map((block) => fieldsOf(decode(reader, block)))).toEqual([1, 2, 3].map(() => method("Place")));
    expect(blocks.map((block) => block.length)).toEqual([expect.any(Number), 7, 7]);
  });

  it("shares its entries with others that have the same fields", () => {
    const writer = new HpackEncoder();
    encode(writer, writer.template(method("Place")));
    const path = "/shop.v1.Orders/Cancel";
    expect(encode(writer, writer.template(method("Cancel"))).length).toBeLessThan(6 + 2 + path.length);
  });

  it("is read as the same known fields each time, whatever other fields come with it", () => {
    const writer = new HpackEncoder();
    const reader = decoder();
    const template = writer.template(method("Place"));
    decode(reader, encode(writer, template));
    const { known } = decode(reader, encode(writer, template));
    for (let i = 0; i < 20; i++) {
      const block = decode(reader, encode(writer, template, ["grpc-timeout", `${i}m`]));
      expect(block.known).toBe(known);
      expect(block.rest).toEqual(["grpc-timeout", `${i}m`]);
    }
  });

  it("may be empty, and may have a field twice", () => {
    const writer = new HpackEncoder();
    const reader = decoder();
    expect(encode(writer, writer.template(none))).toHaveLength(0);
    const twice = writer.template(["a", "b", "a", "b", "a", "c"]);
    for (let i = 0; i < 3; i++) {
      expect(fieldsOf(decode(reader, encode(writer, twice)))).toEqual(["a", "b", "a", "b", "a", "c"]);
    }
  });

  it("has fields that are larger than the table as literals, and others as ever", () => {
    const writer = new HpackEncoder();
    const reader = decoder();
    const template = writer.template(["x-large", "l".repeat(5000), "x-small", "s"]);
    for (let i = 0; i < 3; i++) {
      expect(fieldsOf(decode(reader, encode(writer, template)))).toEqual(["x-large", "l".repeat(5000), "x-small", "s"]);
    }
    expect(decode(reader, encode(writer, writer.template(["x-small", "s"]))).rest).toHaveLength(0);
  });
});

describe("other fields", () => {
  const writeAll = (writer: HpackEncoder, lists: readonly Fields[]): readonly Buffer[] => {
    const template = writer.template(none);
    return lists.map((fields) => encode(writer, template, fields));
  };

  it("have their name in the table from the second time on, where their values vary", () => {
    const values = Array.from({ length: 50 }, (_, i) => `${1000 + i}m`);
    const [first, second, ...others] = writeAll(
      new HpackEncoder(),
      values.map((value) => ["grpc-timeout", value]),
    );
    expect(first).toEqual(Buffer.from("\0\x0cgrpc-timeout\x051000m", "latin1"));
    expect((second as Buffer)[0]).toBe(0x40);
    for (const [i, block] of others.entries()) expect(block).toEqual(Buffer.from(`\x0f\x2f\x05${1002 + i}m`, "latin1"));
  });

  it("are in the table from their third time on, where they repeat", () => {
    const fields = ["x-tenant", "blue"];
    const blocks = writeAll(new HpackEncoder(), [fields, fields, fields, fields]);
    expect(blocks.map((block) => block.length)).toEqual([15, expect.any(Number), 1, 1]);
  });

  it("have at most four values a name in the table, which give way once nobody sends them any more", () => {
    const writer = new HpackEncoder();
    const twice = (text: string): readonly Fields[] => [
      ["x-build", text],
      ["x-build", text],
    ];
    const template = writer.template(none);
    const length = (value: string): number => encode(writer, template, ["x-build", value]).length;
    writeAll(writer, ["one", "two", "three", "four"].flatMap(twice));
    expect(["one", "two", "three", "four"].map(length)).toEqual([1, 1, 1, 1]);
    for (let i = 0; i < 1000; i++) expect(length("five")).toBeGreaterThan(1);
    for (let i = 0; i < 100; i++) length("five");
    expect(length("five")).toBe(1);
  });

  it.each(["authorization", "proxy-authorization", "cookie", "set-cookie", "x-secret"])(
    "are never indexed where they are sensitive: %s",
    (name) => {
      const writer = new HpackEncoder({ sensitive: sensitiveFields(["x-secret"]) });
      const reader = decoder();
      const template = writer.template([name, "in the template", "te", "trailers"]);
      const blocks = [1, 2, 3].map(() => encode(writer, template, [name, "beside it"]));
      for (const block of blocks) {
        expect((block[0] as number) & 0xf0).toBe(0x10);
        expect(block.toString("latin1")).toContain("\x09beside it");
        expect(fieldsOf(decode(reader, block))).toEqual([name, "in the template", "te", "trailers", name, "beside it"]);
      }
      expect(blocks[2]).toEqual(blocks[1]);
    },
  );

  it("are known by the entry a template made, however full their own part of the table is", () => {
    const writer = new HpackEncoder();
    const agent: Fields = ["user-agent", "hawser/1.0"];
    const template = writer.template(none);
    encode(writer, writer.template(agent));
    for (let i = 0; i < 10; i++) {
      for (let time = 0; time < 3; time++) encode(writer, template, [`x-fill-${i}`, `${"v".repeat(100)}${i}`]);
    }
    const again = [1, 2, 3].map(() => encode(writer, template, agent).length);
    expect(again.slice(1)).toEqual([1, 1]);
  });

  it("may have any number of names and values: the fields of templates keep their places", () => {
    const writer = new HpackEncoder();
    const reader = decoder();
    const template = writer.template(method("Place"));
    for (let i = 0; i < 5000; i++) {
      const fields = [`x-${i % 300}`, `${i % 7}`, "x-long", String(i % 2).repeat(1 + (i % 5000))];
      expect(decode(reader, encode(writer, template, fields)).tooLarge).toBe(false);
    }
    expect(encode(writer, template, none)).toHaveLength(7);
  });
});

describe("a table of another size", () => {
  const head = method("Place");

  it("is announced at the start of the next block, and only there", () => {
    const writer = new HpackEncoder();
    const template = writer.template(head);
    encode(writer, template);
    writer.setMaxTableBytes(100);
    expect(encode(writer, template).subarray(0, 2)).toEqual(hex("3f45"));
    expect(encode(writer, template)[0]).toBe(0x83);
  });

  it("is announced twice where it shrank and grew between two blocks", () => {
    const writer = new HpackEncoder();
    const reader = decoder();
    const template = writer.template(head);
    decode(reader, encode(writer, template));
    writer.setMaxTableBytes(0);
    writer.setMaxTableBytes(2000);
    writer.setMaxTableBytes(1000);
    writer.setMaxTableBytes(4096);
    const block = encode(writer, template);
    expect(block.subarray(0, 4)).toEqual(hex("20 3fe11f"));
    expect(fieldsOf(decode(reader, block))).toEqual(head);
    expect(encode(writer, template)).toHaveLength(7);
  });

  it("is not announced where nothing changes for us, and never above 4096", () => {
    const writer = new HpackEncoder();
    const template = writer.template(head);
    encode(writer, template);
    writer.setMaxTableBytes(65_536);
    writer.setMaxTableBytes(4096);
    expect(encode(writer, template)).toHaveLength(7);
  });

  it("is announced with the first block where we want less than the peer allows", () => {
    const writer = new HpackEncoder({ maxTableBytes: 200 });
    writer.setMaxTableBytes(65_536);
    expect(encode(writer, writer.template(head)).subarray(0, 3)).toEqual(hex("3fa901"));
  });

  it("of no bytes leaves literals only, until there is one again", () => {
    const writer = new HpackEncoder();
    const reader = decoder();
    const template = writer.template(head);
    decode(reader, encode(writer, template));
    writer.setMaxTableBytes(0);
    for (let i = 0; i < 600; i++) {
      const { known, rest } = decode(reader, encode(writer, template, ["x-tenant", "blue"]));
      expect([...known.fields, ...rest]).toEqual([...head, "x-tenant", "blue"]);
      expect(known.fields).toHaveLength(4);
    }
    writer.setMaxTableBytes(4096);
    for (let i = 0; i < 3; i++) decode(reader, encode(writer, template, ["x-tenant", "blue"]));
    expect(encode(writer, template, ["x-tenant", "blue"])).toHaveLength(8);
  });
});

describe("a table too small for all that repeats", () => {
  it("is left alone while there is no room, but for one block in 256 that had none", () => {
    const writer = new HpackEncoder();
    const templates = manyMethods.map((fields) => writer.template(fields));
    for (const template of templates) encode(writer, template);
    const before = templates.map((template) => encode(writer, template).toString("hex"));
    expect(before.filter((block) => block.length === 2 * 7).length).toBeGreaterThan(30);

    const blocks = Array.from({ length: 20 }, () => templates.map((template) => encode(writer, template))).flat();
    // ":path" as a literal that becomes an entry, behind ":method" and ":scheme".
    const added = blocks.filter((block) => block[2] === 0x44);
    const without = blocks.filter((block) => block.length > 7).length;
    expect(added.length).toBeGreaterThan(0);
    expect(added.length).toBeLessThanOrEqual(Math.ceil(without / 256));
  });

  it("comes to hold what is used after all, and is read rightly all the way", () => {
    const writer = new HpackEncoder();
    const reader = decoder();
    const templates = manyMethods.map((fields) => writer.template(fields));
    for (const [i, template] of templates.entries()) {
      expect(fieldsOf(decode(reader, encode(writer, template)))).toEqual(manyMethods[i]);
    }
    const late = templates.slice(90);
    for (let i = 0; i < 20_000; i++)
      decode(reader, encode(writer, late[i % 10] as (typeof late)[0], ["x-user", `${i}`]));
    expect(late.map((template) => encode(writer, template).length)).toEqual(late.map(() => 7));
  });

  it("keeps a quarter for other fields, however many methods there are", () => {
    const writer = new HpackEncoder();
    const templates = manyMethods.map((fields) => writer.template(fields));
    for (const template of templates) encode(writer, template);
    const first = templates[0] as (typeof templates)[0];
    for (let i = 0; i < 3; i++) encode(writer, first, ["x-tenant", "blue"]);
    expect(encode(writer, first, ["x-tenant", "blue"])).toHaveLength(8);
  });
});
