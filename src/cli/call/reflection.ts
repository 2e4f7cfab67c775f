import { fromBinary } from "@bufbuild/protobuf";
import * as wkt from "@bufbuild/protobuf/wkt";
import { type ClientOptions, createClient } from "../../client/client.js";
import type { CallOptions, Client, ServiceDefinition } from "../../contract/contract.js";
import { contractsFrom } from "../../contract/from-descriptors.js";
import { inImportOrder } from "../../contract/import-order.js";
import { Code, codeFromNumber, RpcError } from "../../errors/errors.js";
import {
  ServerReflectionDefinition,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from "../../gen/grpc/reflection/v1/reflection.js";
import { ServerReflectionDefinition as ServerReflectionV1AlphaDefinition } from "../../gen/grpc/reflection/v1alpha/reflection.js";

type Question = NonNullable<ServerReflectionRequest["messageRequest"]>;
type Answer = NonNullable<ServerReflectionResponse["messageResponse"]>;
type Ask = (questions: readonly Question[]) => Promise<readonly Answer[]>;

/**
 * The contracts a server says it serves: `grpc.reflection.v1`, or `v1alpha` where that is all it knows.
 *
 * @param wanted which of its services are of interest, by full name; the others are not asked for
 * @throws RpcError UNIMPLEMENTED where it has no reflection; whatever the call fails with
 */
export async function reflectedContracts(
  server: ClientOptions,
  call: CallOptions,
  wanted: (service: string) => boolean,
): Promise<ReadonlyMap<string, ServiceDefinition>> {
  try {
    return await contractsBy(ServerReflectionDefinition, server, call, wanted);
  } catch (reason) {
    if (RpcError.from(reason).code !== Code.UNIMPLEMENTED) throw reason;
  }
  // The same messages under an older name.
  const older = ServerReflectionV1AlphaDefinition as unknown as typeof ServerReflectionDefinition;
  try {
    return await contractsBy(older, server, call, wanted);
  } catch (cause) {
    if (RpcError.from(cause).code !== Code.UNIMPLEMENTED) throw cause;
    const message = "the server has no reflection; give its contract with --proto file.proto";
    throw new RpcError(Code.UNIMPLEMENTED, message, { cause });
  }
}

async function contractsBy(
  definition: typeof ServerReflectionDefinition,
  server: ClientOptions,
  call: CallOptions,
  wanted: (service: string) => boolean,
): Promise<ReadonlyMap<string, ServiceDefinition>> {
  const client = createClient(definition, server);
  try {
    const ask: Ask = (questions) => converse(client, call, questions);
    const services = await listServices(ask);
    const files = await filesOf(services.filter(wanted), ask);
    const contracts = contractsFrom(inImportOrder(files));
    // What a server has reflected is not only what it serves: files hold other services too.
    return new Map(services.map((name) => [name, contracts.get(name) ?? unknownContract(name)]));
  } finally {
    await client[Symbol.asyncDispose]();
  }
}

function unknownContract(fullName: string): ServiceDefinition {
  return { name: fullName.slice(fullName.lastIndexOf(".") + 1), fullName, methods: {} };
}

/** One stream for all questions; answers come in their order. */
async function converse(
  client: Client<typeof ServerReflectionDefinition>,
  call: CallOptions,
  questions: readonly Question[],
): Promise<readonly Answer[]> {
  const requests = questions.map((messageRequest) => ({ host: "", messageRequest }));
  const answers: Answer[] = [];
  for await (const { messageResponse } of client.serverReflectionInfo(requests, call)) {
    if (messageResponse !== undefined) answers.push(messageResponse);
  }
  return answers;
}

async function listServices(ask: Ask): Promise<readonly string[]> {
  const [answer] = await ask([{ $case: "listServices", value: "*" }]);
  if (answer?.$case === "listServicesResponse") return answer.value.service.map(({ name }) => name);
  throw failed(answer, "its services");
}

/** `google/protobuf/*.proto`: every compiler brings them along, so some servers do not send them. */
const wellKnown = Object.values(wkt).flatMap((each) =>
  typeof each === "object" && "kind" in each && each.kind === "file" ? [each.proto] : [],
);

/** The files of these services and everything they import. */
async function filesOf(services: readonly string[], ask: Ask): Promise<Iterable<wkt.FileDescriptorProto>> {
  const files = new Map(wellKnown.map((file) => [file.name, file]));
  const asked = new Set<string>();
  let questions = services.map((value): Question => ({ $case: "fileContainingSymbol", value }));
  while (questions.length > 0) {
    for (const file of (await ask(questions)).flatMap(filesIn)) if (!files.has(file.name)) files.set(file.name, file);
    const imports = new Set([...files.values()].flatMap(({ dependency }) => dependency));
    const missing = [...imports].filter((name) => !files.has(name) && !asked.has(name));
    for (const name of missing) asked.add(name);
    questions = missing.map((value) => ({ $case: "fileByFilename", value }));
  }
  return files.values();
}

function filesIn(answer: Answer): readonly wkt.FileDescriptorProto[] {
  if (answer.$case !== "fileDescriptorResponse") throw failed(answer, "a file of its contracts");
  return answer.value.fileDescriptorProto.map((bytes) => fromBinary(wkt.FileDescriptorProtoSchema, bytes));
}

function failed(answer: Answer | undefined, what: string): RpcError {
  const where = `the server could not tell ${what} by reflection`;
  if (answer?.$case !== "errorResponse") return new RpcError(Code.INTERNAL, `${where}: it answered something else`);
  const { errorCode, errorMessage } = answer.value;
  return new RpcError(codeFromNumber(errorCode), `${where}: ${errorMessage}`);
}
