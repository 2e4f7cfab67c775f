import type { AppProcess } from "../../service/service.js";
import { parseAddress } from "../../transport/address.js";
import type { Address } from "../../transport/transport.js";
import { UsageError } from "../failure.js";
import type { Io } from "../io.js";

/** What has to be known of an app to know what it has. */
export interface Named {
  readonly name: string;
  readonly services: readonly { readonly name: string }[];
}

/**
 * Where each service of an app listens: as `--address` says for it, or for all of them.
 *
 * @throws UsageError for what is no address, and for a service the app does not have
 */
export function addressesOf(given: readonly string[], app: Named, io: Pick<Io, "env">): (service: string) => Address {
  const own = new Map<string, Address>();
  const variable = io.env["HAWSER_ADDRESS"] || undefined;
  let common = variable === undefined ? "grpc://127.0.0.1:0" : checked(variable, `HAWSER_ADDRESS=${variable}`);
  for (const each of given) {
    const [, service, address = ""] = /^(?:([^:/=]+)=)?(.*)$/.exec(each) ?? [];
    const parsed = checked(address, `--address ${each}`);
    if (service === undefined) common = parsed;
    else own.set(knownService(app, service, `--address ${each}`), parsed);
  }
  return (service) => own.get(service) ?? common;
}

/** The name, where the app has such a service. @param what asks for it @throws UsageError where it has none */
export function knownService(app: Named, name: string, what: string): string {
  if (app.services.some((service) => service.name === name)) return name;
  const known = app.services.map((service) => service.name).join(", ");
  throw new UsageError(`${what}: ${app.name} has no service "${name}" (it has: ${known})`);
}

/** @throws UsageError where two would listen at the same place */
export function checkApart(address: (service: string) => Address, processes: readonly AppProcess[]): void {
  const owners = new Map<Address, string>();
  for (const { name, services, replicas } of processes) {
    for (const service of services) {
      const place = address(service);
      if (place.endsWith(":0") || replicas === 0) continue; // whoever wants any port gets one of its own
      const other = owners.get(place);
      if (other !== undefined) {
        const way = `--address ${other}=… --address ${service}=…`;
        throw new UsageError(`${other} and ${service} cannot both listen at ${place}; say ${way}`);
      }
      if (replicas > 1) {
        const way = "leave the port to the system with :0, or run one";
        throw new UsageError(`${replicas} processes of ${name} cannot all listen at ${place}; ${way}`);
      }
      owners.set(place, service);
    }
  }
}

function checked(address: string, what: string): Address {
  try {
    return parseAddress(address) && address;
  } catch (cause) {
    throw new UsageError(`${what}: ${(cause as Error).message}`, { cause });
  }
}
