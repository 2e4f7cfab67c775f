import { describe, expect, test } from "vitest";
import { type Http2TransportOptions, http2Transport, type TlsOptions } from "../../../src/transport/http2/http2.js";
import { grpcOptions } from "../../conformance/grpc/options.js";
import { clientTls, tls } from "../../support/tls/certificates.js";

describe("options of http2Transport()", () => {
  grpcOptions("http2", http2Transport);

  test.each(["maxConnectionIdleMs", "maxConnectionAgeMs", "handshakeTimeoutMs"] as const)(
    "%s must be positive, and may be without end",
    (name) => {
      for (const value of [0, -1, Number.NaN, "5" as unknown as number]) {
        expect(() => http2Transport({ [name]: value })).toThrow(RangeError);
        expect(() => http2Transport({ [name]: value })).toThrow(`${name}: must be a positive number, was ${value}`);
      }
      expect(() => http2Transport({ [name]: Number.POSITIVE_INFINITY })).not.toThrow();
    },
  );

  test.each(["maxConnectionAgeGraceMs", "minPingIntervalMs"] as const)("%s may be 0, and no less", (name) => {
    expect(() => http2Transport({ [name]: 0 })).not.toThrow();
    expect(() => http2Transport({ [name]: -1 })).toThrow(RangeError);
    expect(() => http2Transport({ [name]: -1 })).toThrow(`${name}: must be 0 or more, was -1`);
  });

  test.each(["maxConnections", "maxConnectionsPerAddress"] as const)("%s is a whole number from 1", (name) => {
    for (const value of [0, 1.5, -1, Number.NaN, "2" as unknown as number]) {
      expect(() => http2Transport({ [name]: value })).toThrow(RangeError);
      expect(() => http2Transport({ [name]: value })).toThrow(`${name}: must be a whole number from 1, was ${value}`);
    }
    for (const value of [1, Number.POSITIVE_INFINITY]) expect(() => http2Transport({ [name]: value })).not.toThrow();
  });

  test("names of sensitive metadata are names of metadata", () => {
    expect(() => http2Transport({ sensitiveMetadata: ["x-session", "token-bin"] })).not.toThrow();
    for (const name of ["", "X-Session", "x session", ":path"]) {
      expect(() => http2Transport({ sensitiveMetadata: [name] })).toThrow(
        `sensitiveMetadata: ${JSON.stringify(name)} is no name of metadata`,
      );
    }
  });

  test("sensitive metadata are an array of names, not one", () => {
    const wrong = { sensitiveMetadata: "authorization" } as unknown as Http2TransportOptions;
    expect(() => http2Transport(wrong)).toThrow(
      new TypeError("sensitiveMetadata: must be an array of names, was string"),
    );
  });

  test("a key that is another certificate's is refused as that", () => {
    const { key } = clientTls;
    expect(() => http2Transport({ tls: { ...tls, key } as TlsOptions })).toThrow(
      new TypeError("tls: key is not that of cert"),
    );
  });

  test("what is no HTTP/1 callback is refused", () => {
    const wrong = { onHttp1: true } as unknown as Http2TransportOptions;
    expect(() => http2Transport(wrong)).toThrow("onHttp1: must be a function, was boolean");
  });

  test("a certificate, key or authority that cannot be read is refused at once", () => {
    for (const wrong of [{ ...tls, cert: "no PEM" }, { ...tls, key: "no PEM" }, { ca: "no PEM" }]) {
      expect(() => http2Transport({ tls: wrong })).toThrow(TypeError);
      expect(() => http2Transport({ tls: wrong })).toThrow("tls: ca, cert and key must be PEM: ");
    }
  });
});
