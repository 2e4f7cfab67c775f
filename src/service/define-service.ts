import type { StandardSchemaV1 } from "@standard-schema/spec";
import { methodsOf, type ServiceDefinition } from "../contract/contract.js";
import { isContract, resolveNeeds } from "./needs.js";
import { checkName } from "./options.js";
import type { ContractSpec, NeedsSpec, ServiceDefinitionOptions, ServiceSpec } from "./spec.js";

/**
 * A service as a value. Does nothing: `hawser run | up | start`, `startApp` and `testApp` bring it to life.
 *
 * @throws TypeError for what cannot be, naming the service and the option
 * @example
 * export const orders = defineService({
 *   name: "orders",
 *   contract: OrdersServiceDefinition,
 *   needs: { inventory: InventoryServiceDefinition },
 *   setup: ({ needs }) => ({
 *     placeOrder: async ({ sku }) => ({ shelf: (await needs.inventory.reserve({ sku })).shelf }),
 *   }),
 * });
 */
export function defineService<
  const Name extends string,
  C extends ContractSpec = undefined,
  const N extends NeedsSpec = Record<never, never>,
  S extends StandardSchemaV1 | undefined = undefined,
>(options: ServiceDefinitionOptions<Name, C, N, S>): ServiceSpec<Name, C, N> {
  const { name, version = "0.0.0", contract, needs = {} as N, config, middleware = [], metadata = {}, setup } = options;
  checkName("defineService: name", name);
  if (typeof setup !== "function") throw new TypeError(`${name}: setup: expected a function that makes the handlers`);
  if (config !== undefined && config["~standard"] === undefined) {
    throw new TypeError(`${name}: config: expected a schema, like z.object({ … }) of zod`);
  }
  return {
    kind: "hawser.service",
    name,
    version,
    contract: contract as C,
    contracts: contractsOf(name, contract),
    needs: resolveNeeds(name, needs),
    givenNeeds: needs,
    config,
    middleware,
    metadata,
    setup: (context) => setup(context),
  };
}

function contractsOf(service: string, contract: ContractSpec): ReadonlyMap<string, ServiceDefinition> {
  if (contract === undefined) return new Map();
  const contracts = new Map<string, ServiceDefinition>(
    isContract(contract) ? [["", contract]] : Object.entries(contract),
  );
  for (const [name, each] of contracts) {
    try {
      methodsOf(each);
    } catch (cause) {
      throw new TypeError(`${service}: contract${name && ` ${name}`}: ${(cause as Error).message}`, { cause });
    }
  }
  return contracts;
}
