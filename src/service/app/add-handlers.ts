import type { Handlers, ServiceDefinition } from "../../contract/contract.js";
import type { Service } from "../service-interface.js";
import type { ServiceSpec } from "../spec.js";

/** Serves the contracts of a service by what its `setup` gave. @throws TypeError where these do not match, naming both */
export function addHandlers(service: Service, { name, contracts }: ServiceSpec, made: unknown): void {
  for (const [key, contract] of contracts) {
    const handlers = key === "" ? made : (made as { readonly [name: string]: unknown } | undefined)?.[key];
    if (typeof handlers !== "object" || handlers === null) {
      const which = key === "" ? "" : ` as "${key}"`;
      throw new TypeError(`${name}: setup gave no handlers for ${contract.fullName}${which}`);
    }
    try {
      service.add(contract, handlers as Handlers<ServiceDefinition>);
    } catch (cause) {
      throw new TypeError(`${name}: setup gave handlers that do not fit ${(cause as Error).message}`, { cause });
    }
  }
}
