import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAddress } from "../../src/transport/address.js";

describe("parseAddress", () => {
  test.each([
    ["grpc://127.0.0.1:50051", { scheme: "grpc", host: "127.0.0.1", port: 50051 }],
    ["grpcs://orders.example.com:443", { scheme: "grpcs", host: "orders.example.com", port: 443 }],
    ["grpc://localhost:0", { scheme: "grpc", host: "localhost", port: 0 }],
    ["grpc://[::1]:50051", { scheme: "grpc", host: "::1", port: 50051 }],
    ["grpc+unix:///run/orders.sock", { scheme: "grpc+unix", host: "/run/orders.sock", port: undefined }],
    ["memory://orders", { scheme: "memory", host: "orders", port: undefined }],
    ["memory://orders:1", { scheme: "memory", host: "orders:1", port: undefined }],
  ])("takes %s apart", (address, parts) => {
    expect(parseAddress(address)).toEqual(parts);
  });

  test.each([
    ["no scheme", "127.0.0.1:50051"],
    ["an empty address", ""],
    ["nothing after the scheme", "grpc://"],
    ["no port", "grpc://127.0.0.1"],
    ["an empty port", "grpc://127.0.0.1:"],
    ["a port past 65535", "grpc://127.0.0.1:65536"],
    ["a port of six digits", "grpc://127.0.0.1:000080"],
    ["a negative port", "grpc://127.0.0.1:-1"],
    ["a word for a port", "grpc://127.0.0.1:http"],
    ["no host", "grpc://:50051"],
    ["an IPv6 host without brackets", "grpc://::1:50051"],
    ["an open bracket", "grpc://[::1:50051"],
    ["a path", "grpc://127.0.0.1:50051/orders"],
    ["a scheme in capitals", "GRPC://127.0.0.1:50051"],
    ["one slash", "grpc:/127.0.0.1:50051"],
    ["a line break", "grpc://127.0.0.1:50051\n"],
  ])("refuses %s, and says what an address looks like", (_what, address) => {
    expect(() => parseAddress(address)).toThrow(
      new TypeError(
        `address ${JSON.stringify(address)}: expected scheme://host:port, e.g. grpc://127.0.0.1:50051, grpc+unix:///run/x.sock or memory://orders`,
      ),
    );
  });

  test("finds every host and port again", () => {
    const host = fc.oneof(
      fc.ipV4().map((each) => [each, each]),
      fc.ipV6().map((each) => [each, `[${each}]`]),
      fc.domain().map((each) => [each, each]),
    );
    fc.assert(
      fc.property(host, fc.integer({ min: 0, max: 65535 }), ([plain, written], port) => {
        expect(parseAddress(`grpc://${written}:${port}`)).toEqual({ scheme: "grpc", host: plain, port });
      }),
    );
  });

  test("answers any text with an address or a TypeError", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const address of [text, `grpc://${text}`]) {
          try {
            expect(parseAddress(address).scheme).toMatch(/^[a-z]/);
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
          }
        }
      }),
    );
  });
});
