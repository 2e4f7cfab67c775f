import {
  createFileRegistry,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  fromJson,
  type JsonValue,
  type Registry as TypeRegistry,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { MessageType, MethodDefinition, ServiceDefinition } from "./definition.js";

/**
 * The contracts in a set of descriptors, for callers that have no generated code: as server reflection and `buf build`
 * give them. Messages are proto3 JSON objects, checked strictly against their type.
 *
 * @param descriptors a `google.protobuf.FileDescriptorSet`, imports included
 * @throws Error where the bytes are no such set, or an import is missing
 */
export function contractsFrom(descriptors: Uint8Array): ReadonlyMap<string, ServiceDefinition> {
  const types = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
  const encoded = Buffer.from(descriptors).toString("base64");
  const services = [...types].filter((type) => type.kind === "service");
  return new Map(services.map((service) => [service.typeName, definitionOf(service, types, encoded)]));
}

function definitionOf(service: DescService, types: TypeRegistry, descriptors: string): ServiceDefinition {
  const methods = service.methods.map((method) => [method.localName, methodOf(method, types)] as const);
  return { name: service.name, fullName: service.typeName, descriptors, methods: Object.fromEntries(methods) };
}

function methodOf(method: DescMethod, types: TypeRegistry): MethodDefinition {
  const streams = method.methodKind;
  return {
    name: method.name,
    requestType: jsonMessage(method.input, types),
    requestStream: streams === "client_streaming" || streams === "bidi_streaming",
    responseType: jsonMessage(method.output, types),
    responseStream: streams === "server_streaming" || streams === "bidi_streaming",
    options: idempotency(method.idempotency),
  };
}

function idempotency(level: MethodOptions_IdempotencyLevel): MethodDefinition["options"] {
  if (level === MethodOptions_IdempotencyLevel.IDEMPOTENT) return { idempotencyLevel: "IDEMPOTENT" };
  return level === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS ? { idempotencyLevel: "NO_SIDE_EFFECTS" } : {};
}

/** A message whose value is its own JSON. */
function jsonMessage(type: DescMessage, registry: TypeRegistry): MessageType<JsonValue> {
  return {
    $type: type.typeName,
    encode: (json) => ({ finish: () => toBinary(type, fromJson(type, json, { registry })) }),
    decode: (bytes) => toJson(type, fromBinary(type, bytes), { registry, alwaysEmitImplicit: true }),
    fromJSON: (json) => toJson(type, fromJson(type, json, { registry }), { registry, alwaysEmitImplicit: true }),
    toJSON: (json) => json,
    fromPartial: (json) => json,
  };
}
