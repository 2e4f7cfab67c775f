import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import type {
  AnyDefinition,
  MethodDefinition as LoadedMethod,
  ServiceDefinition as LoadedService,
  MessageTypeDefinition,
} from "@grpc/proto-loader";
import type { MessageType, MethodDefinition, ServiceDefinition } from "./definition.js";

export interface LoadContractOptions {
  /** Full name of the service. Needed where the file has more than one. */
  readonly service?: string;
  /** Where imports are looked for, and the file itself where it is not in the working directory. Default: there. */
  readonly includeDirs?: readonly string[];
}

/**
 * Loads a contract from a `.proto` file at run time, for programs without generated code. It fits client and server like a
 * generated one; messages are plain objects: names in camelCase, 64-bit numbers and enums as strings, bytes as `Buffer`.
 *
 * @throws Error where the file does not parse, or has not that one service
 */
export async function loadContract(path: string, options: LoadContractOptions = {}): Promise<ServiceDefinition> {
  const loader = requireProtoLoader();
  const loaded = await loader.load(existsSync(path) ? resolve(path) : path, {
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
    ...(options.includeDirs === undefined ? {} : { includeDirs: [...options.includeDirs] }),
  });
  const services = Object.entries(loaded).filter((entry): entry is [string, LoadedService] => isService(entry[1]));
  const names = services.map(([name]) => name);
  const wanted = services.filter(([name]) => options.service === undefined || name === options.service);
  const [found, ...others] = wanted;
  if (found === undefined)
    throw new Error(`${path}: no service ${options.service ?? ""} (it has: ${names.join(", ") || "none"})`);
  if (others.length > 0)
    throw new Error(`${path} has several services; give options.service, one of ${names.join(", ")}`);
  return definitionOf(...found);
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
  return {
    name: fullName.slice(fullName.lastIndexOf(".") + 1),
    fullName,
    descriptors: descriptorsOf(Object.values(loaded)),
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

/** The files of all messages, once each, as one `FileDescriptorSet` in base64: field 1, repeated. */
function descriptorsOf(methods: readonly LoadedMethod<object, object>[]): string {
  const files = methods.flatMap(({ requestType, responseType }) =>
    [requestType, responseType].flatMap((type) => type.fileDescriptorProtos),
  );
  const distinct = new Map(files.map((file) => [file.toString("base64"), file]));
  const fields = [...distinct.values()].flatMap((file) => [Buffer.from([0x0a, ...varint(file.byteLength)]), file]);
  return Buffer.concat(fields).toString("base64");
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
