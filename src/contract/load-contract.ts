import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type {
  AnyDefinition,
  MethodDefinition as LoadedMethod,
  ServiceDefinition as LoadedService,
  MessageTypeDefinition,
} from "@grpc/proto-loader";
import type { MessageType, MethodDefinition, ServiceDefinition } from "./definition.js";
import { linkedDescriptors } from "./linked-descriptors.js";

export interface LoadContractsOptions {
  /** Where imports are looked for, and the file itself where it is not in the working directory. Default: there. */
  readonly includeDirs?: readonly string[];
}

export interface LoadContractOptions extends LoadContractsOptions {
  /** Full name of the service. Needed where the file has more than one. */
  readonly service?: string;
}

/**
 * Loads the contracts of a `.proto` file and of what it imports at run time, for programs without generated code. They fit
 * client and server like generated ones; messages are plain objects: names in camelCase, 64-bit numbers and enums as
 * strings, bytes as `Buffer`.
 *
 * @returns the contracts by the full names of their services
 * @throws Error where the file is not there or does not parse
 */
export async function loadContracts(
  path: string,
  options: LoadContractsOptions = {},
): Promise<ReadonlyMap<string, ServiceDefinition>> {
  const loaded = await requireProtoLoader().load(existsSync(path) ? resolve(path) : path, {
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
    ...(options.includeDirs === undefined ? {} : { includeDirs: [...options.includeDirs] }),
  });
  const services = Object.entries(loaded).filter((entry): entry is [string, LoadedService] => isService(entry[1]));
  return new Map(services.map(([name, service]) => [name, definitionOf(name, service)]));
}

/** Loads one contract; see `loadContracts`. @throws Error where the file does not parse, or has not that one service */
export async function loadContract(path: string, options: LoadContractOptions = {}): Promise<ServiceDefinition> {
  const contracts = await loadContracts(path, options);
  const names = [...contracts.keys()].join(", ");
  if (options.service === undefined && contracts.size > 1) {
    throw new Error(`${path} has several services; give options.service, one of ${names}`);
  }
  const found = options.service === undefined ? [...contracts.values()][0] : contracts.get(options.service);
  if (found !== undefined) return found;
  throw new Error(`${path}: no service ${options.service ?? ""} (it has: ${names || "none"})`);
}

function requireProtoLoader(): typeof import("@grpc/proto-loader") {
  try {
    return createRequire(import.meta.url)("@grpc/proto-loader");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw cause;
    throw new Error("loadContract needs @grpc/proto-loader: npm install @grpc/proto-loader", { cause });
  }
}

function isService(loaded: AnyDefinition): loaded is LoadedService {
  return !("format" in loaded);
}

function definitionOf(fullName: string, loaded: LoadedService): ServiceDefinition {
  const methods = Object.entries(loaded).map(([name, method]) => [lowerFirst(name), methodOf(name, method)] as const);
  let descriptors: string | undefined;
  return {
    name: fullName.slice(fullName.lastIndexOf(".") + 1),
    fullName,
    /** Made when somebody asks: only reflection does. */
    get descriptors() {
      descriptors ??= descriptorsOf(Object.values(loaded));
      return descriptors;
    },
    methods: Object.fromEntries(methods),
  };
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function methodOf(name: string, method: LoadedMethod<object, object>): MethodDefinition {
  const level = method.options?.idempotency_level;
  return {
    name,
    requestType: messageOf(method.requestType, method.requestSerialize, method.requestDeserialize),
    requestStream: method.requestStream,
    responseType: messageOf(method.responseType, method.responseSerialize, method.responseDeserialize),
    responseStream: method.responseStream,
    options: level === undefined ? {} : { idempotencyLevel: level },
  };
}

function messageOf(
  { type }: MessageTypeDefinition<object, object>,
  serialize: (message: object) => Buffer,
  deserialize: (bytes: Buffer) => object,
): MessageType<object> {
  return {
    $type: (type as { readonly name?: string }).name ?? "message",
    encode: (message) => ({ finish: () => serialize(message) }),
    decode: (bytes) => deserialize(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    fromJSON: (json) => deserialize(serialize(json)),
    toJSON: bytesAsText,
    fromPartial: (message) => message,
  };
}

/** A loaded message is its own JSON but for bytes, which are base64 there. */
function bytesAsText(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(bytesAsText);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, bytesAsText(each)]));
}

/** The files of all messages, as a proper `FileDescriptorSet` in base64. */
function descriptorsOf(methods: readonly LoadedMethod<object, object>[]): string {
  const files = methods.flatMap(({ requestType, responseType }) =>
    [requestType, responseType].flatMap((type) => type.fileDescriptorProtos),
  );
  const distinct = new Map(files.map((file) => [file.toString("base64"), file]));
  const parsed = [...distinct.values()].map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  return Buffer.from(linkedDescriptors(parsed)).toString("base64");
}
