import { describe, expect, test } from "vitest";
import { type GrpcJsTransportOptions, grpcJsTransport } from "../../../src/transport/grpc-js/grpc-js.js";

describe("options of grpcJsTransport()", () => {
  test.each([
    "maxReceiveBytes",
    "maxSendBytes",
    "connectTimeoutMs",
    "reconnectInitialMs",
    "reconnectMaxMs",
    "keepaliveTimeoutMs",
    "maxConcurrentStreams",
    "maxHeaderBytes",
  ] as const)("%s must be positive, and the error says so, its name and what it was", (name) => {
    for (const value of [0, -1, Number.NaN, "many" as unknown as number]) {
      expect(() => grpcJsTransport({ [name]: value })).toThrow(RangeError);
      expect(() => grpcJsTransport({ [name]: value })).toThrow(`${name}: must be a positive number, was ${value}`);
    }
  });

  test("a compression nobody knows is refused with those that are", () => {
    const wrong = { compression: "brotli" } as unknown as GrpcJsTransportOptions;
    expect(() => grpcJsTransport(wrong)).toThrow(TypeError);
    expect(() => grpcJsTransport(wrong)).toThrow('compression: expected identity, deflate, gzip, was "brotli"');
  });

  test("a certificate without its key, or a key without its certificate, is refused", () => {
    expect(() => grpcJsTransport({ tls: { cert: "pem" } })).toThrow("tls: cert and key belong together");
    expect(() => grpcJsTransport({ tls: { key: "pem" } })).toThrow("tls: cert and key belong together");
  });

  test("limits may be without end", () => {
    expect(() => grpcJsTransport({ maxReceiveBytes: Number.POSITIVE_INFINITY, keepaliveMs: 0 })).not.toThrow();
  });

  test("an option left undefined has its default", () => {
    const options = { maxReceiveBytes: undefined, tls: undefined } as unknown as GrpcJsTransportOptions;
    expect(() => grpcJsTransport(options)).not.toThrow();
  });

  test("it says its name and where it goes", () => {
    expect(grpcJsTransport()).toMatchObject({
      name: "grpc-js",
      schemes: ["grpc", "grpcs", "grpc+unix", "grpcs+unix"],
    });
  });

  test("an address it cannot reach is refused at once, naming those it can", () => {
    const transport = grpcJsTransport();
    expect(() => transport.connect("memory://orders")).toThrow(TypeError);
    expect(() => transport.connect("http://127.0.0.1:80")).toThrow(
      'address "http://127.0.0.1:80": the grpc-js transport goes by grpc://, grpcs://, grpc+unix://, grpcs+unix://',
    );
  });
});
