import { afterEach, describe, expect, it, vi } from "vitest";
import { memoryRegistry } from "../../src/registry/memory/memory.js";
import { createServer } from "../../src/server/server.js";
import { grpcJsTransport } from "../../src/service/grpc-js-transport.js";
import { defaultTransportName } from "../../src/service/open-transport.js";
import {
  createService,
  defaultTransport,
  defineApp,
  defineService,
  openRegistry,
  openTransport,
  startApp,
  type TransportName,
} from "../../src/service/service.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";

const names: readonly TransportName[] = ["http2", "grpc-js"];
/** The one that is not the default. */
const other = names.find((name) => name !== defaultTransportName) as TransportName;

afterEach(() => vi.unstubAllEnvs());

describe("a transport by its name", () => {
  it.each(names)("%s is that one, and goes by gRPC's schemes", (name) => {
    const transport = openTransport(name);
    expect(transport.name).toBe(name);
    expect(transport.schemes).toEqual(["grpc", "grpcs", "grpc+unix", "grpcs+unix"]);
  });

  it.each(["", "grpc", "HTTP2", "__proto__", "toString"])("%j is none: the message says which there are", (name) => {
    expect(() => openTransport(name as TransportName)).toThrow(
      new TypeError(`transport: expected http2 or grpc-js, was ${JSON.stringify(name)}`),
    );
  });
});

describe("the default transport", () => {
  it("is the one that HAWSER_TRANSPORT names", () => {
    for (const name of names) expect(defaultTransport({ HAWSER_TRANSPORT: name }).name).toBe(name);
  });

  it.each([{}, { HAWSER_TRANSPORT: "" }, { HAWSER_TRANSPORT: undefined }])("is Hawser's choice with %j", (env) => {
    expect(defaultTransport(env).name).toBe(defaultTransportName);
  });

  it("is none where the variable names none: the message says so", () => {
    const message = 'HAWSER_TRANSPORT: expected http2 or grpc-js, was "quic"';
    expect(() => defaultTransport({ HAWSER_TRANSPORT: "quic" })).toThrow(new TypeError(message));
    vi.stubEnv("HAWSER_TRANSPORT", "quic");
    expect(() => createService({ name: "echo", registry: memoryRegistry() })).toThrow(new TypeError(message));
    expect(() => openRegistry("hawser://127.0.0.1:7400")).toThrow(`registry "hawser://127.0.0.1:7400": ${message}`);
  });

  it("goes where a service is given none, and not where it is given one", () => {
    vi.stubEnv("HAWSER_TRANSPORT", other);
    const options = { name: "echo", registry: memoryRegistry(), address: "nats://127.0.0.1:1" };
    expect(() => createService(options)).toThrow(`the ${other} transport serves grpc://`);
    const transport = openTransport(defaultTransportName);
    expect(() => createService({ ...options, transport })).toThrow(`the ${defaultTransportName} transport serves`);
  });

  it("ties an app to others, and is not asked for where nothing is to be tied", async () => {
    const service = defineService({ name: "echo", contract: EchoServiceDefinition, setup: () => echo() });
    const app = defineApp({ name: "one", services: [service] });
    vi.stubEnv("HAWSER_TRANSPORT", "quic");
    await using alone = await startApp(app);
    expect(await alone.client(EchoServiceDefinition, "echo").unary({ text: "here" })).toMatchObject({ text: "here" });
    const remote = { registry: memoryRegistry(), address: "nats://127.0.0.1:1" };
    await expect(startApp(app, { remote })).rejects.toThrow("HAWSER_TRANSPORT: expected http2 or grpc-js");
    vi.stubEnv("HAWSER_TRANSPORT", other);
    await expect(startApp(app, { remote })).rejects.toThrow(`the memory+${other} transport serves`);
  });
});

describe("grpcJsTransport() as hawser exports it", () => {
  it("says at once which option is wrong, and which address it does not go to", async () => {
    expect(() => grpcJsTransport({ keepaliveMs: -1 })).toThrow(/^keepaliveMs: must be 0 or more, was -1$/);
    expect(() => grpcJsTransport().connect("nats://a:1")).toThrow(/the grpc-js transport goes by grpc:\/\//);
  });

  it("hands its options on to the driver", async () => {
    const server = createServer({ transport: grpcJsTransport(), address: "grpcs://127.0.0.1:0" });
    await expect(server.start()).rejects.toThrow(/a TLS server needs a certificate/);
  });
});
