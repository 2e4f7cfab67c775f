import type { MessageType, MethodDefinition, ServiceDefinition } from "./definition.js";

export type MethodKind = "unary" | "serverStream" | "clientStream" | "bidi";

/** What the contract says of repeating a call: `unknown` until `option idempotency_level` tells. */
export type Idempotency = "unknown" | "idempotent" | "noSideEffects";

/** One method of a contract, resolved once: nothing about it is looked up again during a call. */
export interface Method {
  /** Full name of the service: `shop.v1.OrdersService`. */
  readonly service: string;
  /** As in the `.proto`: `Place`. */
  readonly name: string;
  /** As in TypeScript: `place`. */
  readonly localName: string;
  /** As on the wire: `/shop.v1.OrdersService/Place`. */
  readonly path: string;
  /** As in traces and metrics: `shop.v1.OrdersService/Place`. */
  readonly fullName: string;
  readonly kind: MethodKind;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly idempotency: Idempotency;
  readonly request: MessageType;
  readonly response: MessageType;
  /** Options of other packages (`google.api.http` …), raw, by tag. */
  readonly options: { readonly [tag: number]: readonly Uint8Array[] };
}

/** Whether a method is one of gRPC's own services: health, reflection and whatever else stands in a package `grpc`. */
export function isInfrastructure(method: Method): boolean {
  return method.service.startsWith("grpc.");
}

const kinds: readonly MethodKind[] = ["unary", "serverStream", "clientStream", "bidi"];

function idempotencyOf(level: string | undefined): Idempotency {
  if (level === "IDEMPOTENT") return "idempotent";
  return level === "NO_SIDE_EFFECTS" ? "noSideEffects" : "unknown";
}

function resolveMethod(service: string, localName: string, definition: MethodDefinition): Method {
  const { name, requestStream, responseStream } = definition;
  return {
    service,
    name,
    localName,
    path: `/${service}/${name}`,
    fullName: `${service}/${name}`,
    kind: kinds[Number(requestStream) * 2 + Number(responseStream)] as MethodKind,
    requestStream,
    responseStream,
    idempotency: idempotencyOf(definition.options.idempotencyLevel),
    request: definition.requestType,
    response: definition.responseType,
    options: definition.options._unknownFields ?? {},
  };
}

/** The methods of a contract, in its order. @throws TypeError where it is no generated service definition */
export function methodsOf(definition: ServiceDefinition): readonly Method[] {
  if (
    typeof definition?.fullName !== "string" ||
    typeof definition.methods !== "object" ||
    definition.methods === null
  ) {
    throw new TypeError(
      "not a service definition: give the …Definition that `buf generate` wrote (ts-proto, outputServices=generic-definitions)",
    );
  }
  return Object.entries(definition.methods).map(([localName, each]) =>
    resolveMethod(definition.fullName, localName, each),
  );
}
