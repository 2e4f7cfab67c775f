import { dirname, resolve } from "node:path";
import { type Command, Option } from "commander";
import { type ConfigSource, environmentSource, fileSource, flagSource } from "../../config/config.js";
import type { App } from "../../service/service.js";
import { parseDuration } from "../duration.js";
import { UsageError } from "../failure.js";
import type { Io } from "../io.js";

/** What every verb that starts services understands; `hawser up` hands it on to each of its processes. */
export interface AppOptions extends ValueOptions {
  readonly advertise?: string;
  readonly record?: string;
  /** In ms. */
  readonly startTimeout: number;
}

/** Those that speak of services by name, and that can be checked before anything starts. */
export interface ValueOptions {
  readonly config?: string;
  readonly set: readonly string[];
  readonly address: readonly string[];
  readonly place: readonly string[];
}

export function addAppOptions(command: Command): Command {
  return addStartTimeout(addValueOptions(command))
    .option(
      "--advertise <host>",
      "the host others reach these services by (default: HAWSER_ADVERTISE, or the bound one)",
    )
    .option("--record <folder>", "write every call that comes in to files in this folder, for `hawser call --replay`");
}

export function addValueOptions(command: Command): Command {
  return command
    .option("--config <file>", "a .json or .yaml file with values for the services' config (default: the app's own)")
    .addOption(repeatable("--set <section.key=value>", "one value for the services' config, repeatable"))
    .addOption(
      repeatable(
        "--address <[service=]address>",
        "where services listen, like grpc://0.0.0.0:50051",
        "HAWSER_ADDRESS, or free ports on 127.0.0.1",
      ),
    )
    .addOption(
      repeatable("--place <service.need=where>", "where the calls of a need go: auto, local or remote; repeatable"),
    );
}

export function addStartTimeout(command: Command): Command {
  const option = new Option("--start-timeout <duration>", "how long loading the app, a setup and a start may take");
  return command.addOption(option.argParser(parseDuration).default(30_000, "30s"));
}

/** @param otherwise what is done without it, for the help */
export function repeatable(flags: string, description: string, otherwise = "none"): Option {
  return new Option(flags, description)
    .default([], otherwise)
    .argParser((value: string, previous: readonly string[]) => [...previous, value]);
}

/** The same options again, for a process that gets them from this one. */
export function appArguments(options: AppOptions): readonly string[] {
  const { advertise, record, startTimeout } = options;
  return [
    ...valueArguments(options),
    ...one("--advertise", advertise),
    ...one("--record", record && resolve(record)),
    ...startTimeoutArguments(startTimeout),
  ];
}

export function valueArguments({ config, set, address, place }: ValueOptions): readonly string[] {
  return [
    ...one("--config", config && resolve(config)),
    ...all("--set", set),
    ...all("--address", address),
    ...all("--place", place),
  ];
}

export function startTimeoutArguments(ms: number): readonly string[] {
  return ["--start-timeout", `${ms}ms`];
}

function one(flag: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [flag, value];
}

function all(flag: string, values: readonly string[]): readonly string[] {
  return values.flatMap((value) => [flag, value]);
}

/** The file that an app names for its values, absolute; undefined where it names none. */
export function ownConfigFile({ configFile }: Pick<App, "configFile">, file: string): string | undefined {
  return configFile === undefined ? undefined : resolve(dirname(file), configFile);
}

/** The file, over it the environment, over it the flags. @throws ConfigError for a file that cannot be read; UsageError */
export async function configSources(
  app: App,
  file: string,
  options: ValueOptions,
  io: Io,
): Promise<readonly ConfigSource[]> {
  const path = options.config ?? ownConfigFile(app, file);
  return [
    ...(path === undefined ? [] : [await fileSource(path)]),
    environmentSource(io.env),
    ...(options.set.length === 0 ? [] : [flags(options.set)]),
  ];
}

function flags(set: readonly string[]): ConfigSource {
  try {
    return flagSource(set);
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}
