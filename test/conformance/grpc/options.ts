import { expect, test } from "vitest";
import type { GrpcOptions } from "../../../src/transport/grpc/options.js";
import type { Transport } from "../../../src/transport/transport.js";
import { tls } from "../../support/tls/certificates.js";

/** What every gRPC transport over sockets can be told. */
export function grpcOptions(name: string, make: (options?: GrpcOptions) => Transport): void {
  test.each([
    "maxReceiveBytes",
    "maxSendBytes",
    "connectTimeoutMs",
    "reconnectInitialMs",
    "reconnectMaxMs",
    "keepaliveTimeoutMs",
    "maxConcurrentStreams",
    "maxHeaderBytes",
  ] as const)("%s must be positive, and the error says so, its name and what it was", (option) => {
    for (const value of [0, -1, Number.NaN, "many" as unknown as number]) {
      expect(() => make({ [option]: value })).toThrow(RangeError);
      expect(() => make({ [option]: value })).toThrow(`${option}: must be a positive number, was ${value}`);
    }
  });

  test("a compression nobody knows is refused with those that are", () => {
    const wrong = { compression: "brotli" } as unknown as GrpcOptions;
    expect(() => make(wrong)).toThrow(TypeError);
    expect(() => make(wrong)).toThrow('compression: expected identity, deflate, gzip, was "brotli"');
  });

  test("a certificate without its key, or a key without its certificate, is refused", () => {
    expect(() => make({ tls: { cert: "pem" } })).toThrow("tls: cert and key belong together");
    expect(() => make({ tls: { key: "pem" } })).toThrow("tls: cert and key belong together");
  });

  test("certificates are asked of clients only with an authority that is trusted to sign them", () => {
    const own = { cert: tls.cert as Buffer, key: tls.key as Buffer };
    expect(() => make({ tls: { ...own, requireClientCert: true } })).toThrow(
      new TypeError("tls: requireClientCert needs ca: whom to trust"),
    );
    expect(() => make({ tls: { ...own, requireClientCert: false } })).not.toThrow();
    expect(() => make({ tls: { ...tls, requireClientCert: true } })).not.toThrow();
  });

  test("limits may be without end", () => {
    expect(() => make({ maxReceiveBytes: Number.POSITIVE_INFINITY, keepaliveMs: 0 })).not.toThrow();
  });

  test("an option left undefined has its default", () => {
    const options = { maxReceiveBytes: undefined, tls: undefined } as unknown as GrpcOptions;
    expect(() => make(options)).not.toThrow();
  });

  test("it says its name and where it goes", () => {
    expect(make()).toMatchObject({
      name,
      schemes: ["grpc", "grpcs", "grpc+unix", "grpcs+unix"],
    });
  });

  test("an address it cannot reach is refused at once, naming those it can", () => {
    const transport = make();
    expect(() => transport.connect("memory://orders")).toThrow(TypeError);
    expect(() => transport.connect("http://127.0.0.1:80")).toThrow(
      `address "http://127.0.0.1:80": the ${name} transport goes by grpc://, grpcs://, grpc+unix://, grpcs+unix://`,
    );
  });
}
