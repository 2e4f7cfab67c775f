import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { createClient } from "../../src/client/client.js";
import type { ServiceDefinition } from "../../src/contract/contract.js";
import { contractsFrom } from "../../src/contract/from-descriptors.js";
import { loadContract } from "../../src/contract/load-contract.js";
import { Code } from "../../src/errors/errors.js";
import {
  ServerReflectionDefinition,
  type ServerReflectionResponse,
} from "../../src/gen/grpc/reflection/v1/reflection.js";
import { createServer } from "../../src/server/server.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";

const proto = "test/proto/hawser/test/v1/echo.proto";
const load = (): Promise<ServiceDefinition> => loadContract(proto, { includeDirs: ["test/proto"] });
const described = (): ServiceDefinition =>
  contractsFrom(Buffer.from(EchoServiceDefinition.descriptors, "base64")).get(
    EchoServiceDefinition.fullName,
  ) as ServiceDefinition;

const transports = [
  ["memory", () => ({ transport: memoryTransport(), address: "memory://echo" })],
  ["grpc-js", () => ({ transport: grpcJsTransport(), address: "grpc://127.0.0.1:0" })],
] as const;

describe.each(transports)("over %s, a contract known only at run time", (_name, make) => {
  it("is called like a generated one", async () => {
    const { transport, address } = make();
    await using server = createServer({ transport, address }).add(EchoServiceDefinition, echo());
    await server.start();
    await using client = createClient(await load(), { transport, target: server.address });
    expect(await client["unary"]!({ text: "ahoy", payload: Buffer.from("x") })).toMatchObject({
      text: "ahoy",
      payload: Buffer.from("x"),
    });
    const indices: number[] = [];
    for await (const { index } of client["serverStream"]!({ count: 3 })) indices.push(index);
    expect(indices).toEqual([0, 1, 2]);
  });

  it("is served like a generated one", async () => {
    const { transport, address } = make();
    const handler = (request: { text: string }) => ({ text: request.text.toUpperCase() });
    const stream = async function* (request: { text: string }) {
      yield handler(request);
    };
    await using server = createServer({ transport, address }).add(await load(), {
      unary: handler,
      read: handler,
      put: handler,
      serverStream: stream,
      async clientStream(requests: AsyncIterable<{ text: string }>) {
        let text = "";
        for await (const request of requests) text += request.text;
        return { text };
      },
      async *bidi(requests: AsyncIterable<{ text: string }>) {
        for await (const request of requests) yield handler(request);
      },
    });
    await server.start();
    await using client = createClient(EchoServiceDefinition, { transport, target: server.address });
    expect((await client.unary({ text: "ahoy" })).text).toBe("AHOY");
    expect((await client.clientStream([{ text: "a" }, { text: "b" }])).text).toBe("ab");
    const texts: string[] = [];
    for await (const { text } of client.bidi([{ text: "c" }, { text: "d" }])) texts.push(text);
    expect(texts).toEqual(["C", "D"]);
  });

  it("speaks proto3 JSON where it comes from descriptors", async () => {
    const { transport, address } = make();
    await using server = createServer({ transport, address }).add(EchoServiceDefinition, echo());
    await server.start();
    await using client = createClient(described(), { transport, target: server.address });
    expect(await client["unary"]!({ text: "ahoy", payload: "aGk=" })).toMatchObject({
      text: "ahoy",
      payload: "aGk=",
      index: 0,
    });
    const misfit = await client["unary"]!({ txt: "ahoy" }).catch((error: unknown) => error);
    expect(misfit).toMatchObject({
      code: Code.INVALID_ARGUMENT,
      message: expect.stringContaining('key "txt" is unknown'),
    });
  });
});

describe("a contract known only at run time", () => {
  it("has the methods, kinds and idempotency of its file", async () => {
    for (const contract of [await load(), described()]) {
      expect(contract.fullName).toBe("hawser.test.v1.EchoService");
      const { read, bidi } = contract.methods;
      expect(read).toMatchObject({
        name: "Read",
        requestStream: false,
        options: { idempotencyLevel: "NO_SIDE_EFFECTS" },
      });
      expect(bidi).toMatchObject({ name: "Bidi", requestStream: true, responseStream: true });
    }
  });

  it("names what a file lacks", async () => {
    await expect(
      loadContract(proto, { includeDirs: ["test/proto"], service: "hawser.test.v1.Nobody" }),
    ).rejects.toThrow(/no service hawser\.test\.v1\.Nobody \(it has: hawser\.test\.v1\.EchoService\)/);
    await expect(loadContract("proto/google/rpc/status.proto", { includeDirs: ["proto"] })).rejects.toThrow(
      /it has: none/,
    );
    await expect(loadContract("nowhere.proto")).rejects.toThrow(/nowhere\.proto/);
  });
});

describe("a server with a contract that was loaded", () => {
  it("serves reflection that others can use", async () => {
    const transport = memoryTransport();
    const contract = await load();
    await using server = createServer({ transport, address: "memory://echo" }).add(contract, untyped(contract));
    await server.start();
    await using reflection = createClient(ServerReflectionDefinition, { transport, target: server.address });
    const request = { messageRequest: { $case: "fileContainingSymbol", value: contract.fullName } } as const;
    const answers = reflection.serverReflectionInfo([request]);
    const { value } = await answers[Symbol.asyncIterator]().next();
    const { messageResponse } = value as ServerReflectionResponse;
    if (messageResponse?.$case !== "fileDescriptorResponse") throw new Error(`answered ${messageResponse?.$case}`);
    const file = messageResponse.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
    const set = toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: file.reverse() }));
    expect(Object.keys(contractsFrom(set).get(contract.fullName)?.methods ?? {})).toEqual(
      Object.keys(contract.methods),
    );
  });
});

function untyped(contract: ServiceDefinition): { readonly [name: string]: () => object } {
  return Object.fromEntries(Object.keys(contract.methods).map((name) => [name, () => ({})]));
}
