import { create, createFileRegistry, fromBinary, getOption } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, onTestFinished, test } from "vitest";
import { createClient } from "../../src/client/client.js";
import { Code } from "../../src/errors/errors.js";
import {
  type ServerReflectionRequest,
  ServerReflectionDefinition as V1,
} from "../../src/gen/grpc/reflection/v1/reflection.js";
import { ServerReflectionDefinition as V1Alpha } from "../../src/gen/grpc/reflection/v1alpha/reflection.js";
import { RegistryServiceDefinition } from "../../src/gen/hawser/registry/v1/registry.js";
import { createServer } from "../../src/server/server.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import { collect } from "../support/collect.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";

type Question = NonNullable<ServerReflectionRequest["messageRequest"]>;

const registry = { list: () => ({}), async *watch() {}, async *register() {} };
const echoFile = "hawser/test/v1/echo.proto";
const optionsFile = "hawser/test/v1/options.proto";
const descriptors = Buffer.from(EchoServiceDefinition.descriptors, "base64");

describe.each<[string, typeof V1]>([
  ["v1", V1],
  ["v1alpha", V1Alpha as unknown as typeof V1],
])("grpc.reflection.%s", (version, definition) => {
  async function given() {
    const transport = memoryTransport();
    const server = createServer({ transport, address: "memory://echo" })
      .add(EchoServiceDefinition, echo())
      .add(RegistryServiceDefinition, registry);
    await server.start();
    const client = createClient(definition, { transport, target: server.address });
    onTestFinished(async () => {
      await server.close({ graceMs: 0 });
      await client.close();
    });
    const ask = async (...questions: Question[]) => {
      const requests = questions.map((messageRequest) => ({ host: "quay", messageRequest }));
      const responses = await collect(client.serverReflectionInfo(requests));
      return responses.map((response, index) => {
        expect(response.validHost).toBe("quay");
        expect(response.originalRequest?.messageRequest).toEqual(questions[index]);
        return response.messageResponse;
      });
    };
    /** The files of an answer, by name. */
    const files = async (question: Question) => {
      const [answer] = await ask(question);
      if (answer?.$case !== "fileDescriptorResponse") throw new Error(`no files: ${JSON.stringify(answer)}`);
      return answer.value.fileDescriptorProto.map((bytes) => ({
        name: fromBinary(FileDescriptorProtoSchema, bytes).name,
        bytes,
      }));
    };
    return { ask, files };
  }

  test("lists every service, its own and health included", async () => {
    const { ask } = await given();
    const [answer] = await ask({ $case: "listServices", value: "" });
    expect(answer).toMatchObject({ $case: "listServicesResponse" });
    const names = answer?.$case === "listServicesResponse" ? answer.value.service.map(({ name }) => name) : [];
    expect(names.toSorted()).toEqual([
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
      "hawser.registry.v1.RegistryService",
      "hawser.test.v1.EchoService",
    ]);
    expect(names).toContain(`grpc.reflection.${version}.ServerReflection`);
  });

  test.each<Question>([
    { $case: "fileByFilename", value: echoFile },
    { $case: "fileContainingSymbol", value: "hawser.test.v1.EchoService" },
    { $case: "fileContainingSymbol", value: "hawser.test.v1.EchoService.Unary" },
    { $case: "fileContainingSymbol", value: "hawser.test.v1.EchoRequest" },
    { $case: "fileContainingSymbol", value: "hawser.test.v1.EchoRequest.payload" },
  ])("gives for %j the file as it was compiled, byte by byte, and what it imports after it", async (question) => {
    const { files } = await given();
    const found = await files(question);
    expect(found.map(({ name }) => name)).toEqual([echoFile, optionsFile, "google/protobuf/descriptor.proto"]);
    for (const { bytes } of found) expect(descriptors.includes(bytes)).toBe(true);
  });

  test.each([
    ["hawser.test.v1.Access", optionsFile],
    ["hawser.test.v1.Access.roles", optionsFile],
    ["hawser.test.v1.team", optionsFile],
    ["google.protobuf.MethodOptions.IdempotencyLevel", "google/protobuf/descriptor.proto"],
    ["google.protobuf.MethodOptions.IDEMPOTENT", "google/protobuf/descriptor.proto"],
    ["google.protobuf.FieldDescriptorProto.TYPE_BYTES", "google/protobuf/descriptor.proto"],
    ["google.protobuf.Timestamp", "google/protobuf/timestamp.proto"],
    ["hawser.registry.v1.RegistryService.List", "hawser/registry/v1/registry.proto"],
  ])("finds %s in %s", async (symbol, file) => {
    const { files } = await given();
    expect((await files({ $case: "fileContainingSymbol", value: symbol }))[0]?.name).toBe(file);
  });

  test("options nobody here knows survive to whoever asks", async () => {
    const { files } = await given();
    const found = await files({ $case: "fileContainingSymbol", value: "hawser.test.v1.EchoService" });
    const set = create(FileDescriptorSetSchema, {
      file: found.toReversed().map(({ bytes }) => fromBinary(FileDescriptorProtoSchema, bytes)),
    });
    const known = createFileRegistry(set);
    const service = known.getService("hawser.test.v1.EchoService");
    const [team, access] = [known.getExtension("hawser.test.v1.team"), known.getExtension("hawser.test.v1.access")];
    if (service === undefined || team === undefined || access === undefined) throw new Error("not all there");
    expect(getOption(service, team)).toBe("quay");
    const unary = service.methods.find(({ name }) => name === "Unary");
    expect(unary === undefined ? undefined : getOption(unary, access)).toMatchObject({
      roles: ["reader", "writer"],
      maxPayloadBytes: 1048576n,
    });
  });

  test("finds the file of an extension by its message and number", async () => {
    const { ask, files } = await given();
    const [{ name } = { name: "" }] = await files({
      $case: "fileContainingExtension",
      value: { containingType: "google.protobuf.MethodOptions", extensionNumber: 50002 },
    });
    expect(name).toBe(optionsFile);
    expect(await ask({ $case: "allExtensionNumbersOfType", value: "google.protobuf.ServiceOptions" })).toEqual([
      {
        $case: "allExtensionNumbersResponse",
        value: { baseTypeName: "google.protobuf.ServiceOptions", extensionNumber: [50001] },
      },
    ]);
    expect(await ask({ $case: "allExtensionNumbersOfType", value: "hawser.test.v1.EchoRequest" })).toMatchObject([
      { $case: "allExtensionNumbersResponse", value: { extensionNumber: [] } },
    ]);
  });

  test("what is not there is an error in the answer, and the stream goes on", async () => {
    const { ask } = await given();
    const answers = await ask(
      { $case: "fileByFilename", value: "no/such.proto" },
      { $case: "fileContainingSymbol", value: "no.such.Symbol" },
      { $case: "fileContainingSymbol", value: "__proto__" },
      {
        $case: "fileContainingExtension",
        value: { containingType: "google.protobuf.MethodOptions", extensionNumber: 1 },
      },
      { $case: "allExtensionNumbersOfType", value: "no.such.Message" },
      { $case: "fileByFilename", value: echoFile },
    );
    expect(answers.map((answer) => answer?.$case)).toEqual([
      ...Array(5).fill("errorResponse"),
      "fileDescriptorResponse",
    ]);
    expect(answers[0]).toEqual({
      $case: "errorResponse",
      value: { errorCode: Code.NOT_FOUND, errorMessage: "no file no/such.proto on this server" },
    });
  });

  test("a question that asks for nothing is told so", async () => {
    const { ask } = await given();
    expect(await ask(undefined as unknown as Question)).toMatchObject([
      { $case: "errorResponse", value: { errorCode: Code.INVALID_ARGUMENT } },
    ]);
  });
});
