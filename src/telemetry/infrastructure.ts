import type { Method } from "../contract/contract.js";

/** Whether a method is one of gRPC's own services: health, reflection and whatever else stands in a package `grpc`. */
export function isInfrastructure(method: Method): boolean {
  return method.service.startsWith("grpc.");
}
