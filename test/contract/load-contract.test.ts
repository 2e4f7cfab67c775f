import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonCodec } from "../../src/codec/json.js";
import { protobufCodec } from "../../src/codec/protobuf.js";
import { type MessageType, methodsOf, type ServiceDefinition } from "../../src/contract/contract.js";
import { contractsFrom } from "../../src/contract/from-descriptors.js";
import { loadContract } from "../../src/contract/load-contract.js";
import { EchoRequest, EchoResponse, EchoServiceDefinition } from "../gen/hawser/test/v1/echo.js";

const protoDir = fileURLToPath(new URL("../proto", import.meta.url));
const echoProto = "hawser/test/v1/echo.proto";

/** What both kinds of contract that are known only at run time have in common with the generated one. */
function likeGenerated(load: () => Promise<ServiceDefinition>): void {
  let definition: ServiceDefinition;
  beforeAll(async () => {
    definition = await load();
  });

  test("has the methods of the generated one", () => {
    const essence = (each: ServiceDefinition) =>
      methodsOf(each).map(({ path, localName, kind, idempotency, request, response }) => ({
        path,
        localName,
        kind,
        idempotency,
        request: request.$type?.split(".").at(-1),
        response: response.$type?.split(".").at(-1),
      }));
    expect(definition.name).toBe("EchoService");
    expect(essence(definition)).toEqual(essence(EchoServiceDefinition));
  });

  test("carries descriptors for reflection: the service and its messages, no file twice", () => {
    const { file } = fromBinary(FileDescriptorSetSchema, Buffer.from(definition.descriptors ?? "", "base64"));
    expect(file.flatMap(({ service }) => service.map(({ name }) => name))).toEqual(["EchoService"]);
    const messages = file.flatMap(({ messageType }) => messageType.map(({ name }) => name));
    expect(messages).toEqual(expect.arrayContaining(["EchoRequest", "EchoResponse", "Access"]));
    expect(new Set(file.map(({ name }) => name)).size).toBe(file.length);
  });

  const request = (): MessageType => definition.methods["unary"]?.requestType as MessageType;
  const generated = EchoRequest as MessageType;

  test.each([
    ["protobuf", protobufCodec],
    ["JSON", jsonCodec],
  ])("speaks %s with a peer that has generated code", (_name, codec) => {
    const sent = { text: "hello", count: 3, payload: Buffer.of(0, 255).toString("base64") };
    const there = codec.decode(generated, codec.encode(request(), sent));
    expect(there).toMatchObject({ text: "hello", count: 3, payload: Buffer.of(0, 255), delayMs: 0 });
    const back = codec.decode(request(), codec.encode(generated, there)) as { payload: unknown };
    expect(back).toMatchObject({ text: "hello", count: 3, delayMs: 0 });
    const payload = typeof back.payload === "string" ? Buffer.from(back.payload, "base64") : back.payload;
    expect(payload).toEqual(Buffer.of(0, 255));
  });

  test("refuses bytes that are no message", () => {
    expect(() => protobufCodec.decode(request(), Buffer.from("0a05aa", "hex"))).toThrow(Error);
  });
}

describe("a contract loaded from a .proto file", () => {
  const load = (): Promise<ServiceDefinition> => loadContract(join(protoDir, echoProto), { includeDirs: [protoDir] });

  likeGenerated(load);

  test("writes bytes into JSON as text, wherever they are", async () => {
    const { methods } = await load();
    const response = methods["unary"]?.responseType as MessageType;
    const bytes = jsonCodec.encode(response, { payload: Buffer.of(0, 255), metadata: { a: "1" } });
    expect(jsonCodec.decode(EchoResponse as MessageType, bytes)).toMatchObject({
      payload: Buffer.of(0, 255),
      metadata: { a: "1" },
    });
  });

  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "hawser-contract-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const write = async (text: string): Promise<string> => {
    const path = join(folder, `${Math.random().toString(36).slice(2)}.proto`);
    await writeFile(path, `syntax = "proto3";\npackage a;\nmessage M {}\n${text}`);
    return path;
  };
  const service = (name: string): string => `service ${name} { rpc Do(M) returns (M); }\n`;

  test("is the service that is asked for, where the file has several", async () => {
    const path = await write(service("One") + service("Other"));
    expect((await loadContract(path, { service: "a.Other" })).fullName).toBe("a.Other");
    await expect(loadContract(path)).rejects.toThrow(
      `${path} has several services; give options.service, one of a.One, a.Other`,
    );
    await expect(loadContract(path, { service: "a.Third" })).rejects.toThrow(
      `${path}: no service a.Third (it has: a.One, a.Other)`,
    );
  });
});

describe("a contract made of descriptors", () => {
  const descriptors = Buffer.from(EchoServiceDefinition.descriptors, "base64");

  likeGenerated(async () => contractsFrom(descriptors).get(EchoServiceDefinition.fullName) as ServiceDefinition);

  test("checks messages strictly: a field the message does not have is named", () => {
    const request = contractsFrom(descriptors).get(EchoServiceDefinition.fullName)?.methods["unary"]?.requestType;
    expect(() => request?.encode({ tekst: "hello" }).finish()).toThrow(/tekst/);
    expect(() => request?.encode({ count: "many" }).finish()).toThrow(/count/);
  });

  test("is refused where the bytes are no descriptors", () => {
    expect(() => contractsFrom(Buffer.from("ff", "hex"))).toThrow(Error);
  });
});
