import { dirname, resolve } from "node:path";
import { type Command, Option } from "commander";
import { type ConfigSource, environmentSource, fileSource, flagSource } from "../../config/config.js";
import type { App, Placement } from "../../service/service.js";
import { UsageError } from "../failure.js";
import type { Io } from "../io.js";

/** What every verb that starts services understands; `hawser up` hands it on to each of its processes. */
export interface AppOptions {
  readonly config?: string;
  readonly set: readonly string[];
  readonly address: readonly string[];
  readonly advertise?: string;
  readonly place: readonly string[];
  readonly record?: string;
}

export function addAppOptions(command: Command): Command {
  return command
    .option("--config <file>", "a .json or .yaml file with values for the services' config (default: the app's own)")
    .addOption(repeatable("--set <section.key=value>", "one value for the services' config, repeatable"))
    .addOption(
      repeatable(
        "--address <[service=]address>",
        "where services listen, like grpc://0.0.0.0:50051 (default: HAWSER_ADDRESS, or free ports on 127.0.0.1)",
      ),
    )
    .option(
      "--advertise <host>",
      "the host others reach these services by (default: HAWSER_ADVERTISE, or the bound one)",
    )
    .addOption(repeatable("--place <service.need=auto|local|remote>", "where the calls of a need go, repeatable"))
    .option("--record <folder>", "write every call that comes in to files in this folder, for `hawser call --replay`");
}

export function repeatable(flags: string, description: string): Option {
  return new Option(flags, description)
    .default([], "none")
    .argParser((value: string, previous: readonly string[]) => [...previous, value]);
}

/** The same options again, for a process that gets them from this one. */
export function appArguments(options: AppOptions): readonly string[] {
  const { config, advertise, record, set, address, place } = options;
  const one = (flag: string, value: string | undefined) => (value === undefined ? [] : [flag, value]);
  const all = (flag: string, values: readonly string[]) => values.flatMap((value) => [flag, value]);
  return [
    ...one("--config", config && resolve(config)),
    ...all("--set", set),
    ...all("--address", address),
    ...one("--advertise", advertise),
    ...all("--place", place),
    ...one("--record", record && resolve(record)),
  ];
}

/** The file, over it the environment, over it the flags. */
export async function configSources(
  app: App,
  file: string,
  options: AppOptions,
  io: Io,
): Promise<readonly ConfigSource[]> {
  const own = app.configFile === undefined ? undefined : resolve(dirname(file), app.configFile);
  const path = options.config ?? own;
  return [
    ...(path === undefined ? [] : [await fileSource(path)]),
    environmentSource(io.env),
    ...(options.set.length === 0 ? [] : [flagSource(options.set)]),
  ];
}

/** Where a service listens: as said for it, or for all of them. @throws UsageError where two would listen at one port */
export function addressesOf(
  given: readonly string[],
  services: readonly string[],
  io: Io,
): (service: string) => string {
  const own = new Map<string, string>();
  let common = io.env["HAWSER_ADDRESS"] || "grpc://127.0.0.1:0";
  for (const each of given) {
    const [, service, address = ""] = /^(?:([a-z0-9-]+)=)?(.*)$/.exec(each) ?? [];
    if (service === undefined) common = address;
    else if (services.includes(service)) own.set(service, address);
  }
  const sharing = services.filter((service) => !own.has(service));
  if (sharing.length > 1 && !/:0$/.test(common)) {
    const example = sharing.map((service) => `--address ${service}=…`).join(" ");
    throw new UsageError(`${sharing.join(" and ")} cannot all listen at ${common}; say ${example}`);
  }
  return (service) => own.get(service) ?? common;
}

const placements = ["auto", "local", "remote"];

/** @throws UsageError for what is no `service.need=placement` */
export function placementsOf(given: readonly string[]): (service: string, need: string) => Placement {
  const places = new Map<string, Placement>();
  for (const each of given) {
    const [, edge, placement] = /^([a-z0-9-]+\.\w+)=(\w+)$/.exec(each) ?? [];
    if (edge === undefined || !placements.includes(placement as string)) {
      throw new UsageError(
        `--place ${each}: expected service.need=auto, local or remote, like orders.inventory=remote`,
      );
    }
    places.set(edge, placement as Placement);
  }
  return (service, need) => places.get(`${service}.${need}`) ?? "auto";
}
