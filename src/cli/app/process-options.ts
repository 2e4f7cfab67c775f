import type { Command } from "commander";
import { type App, defineApp } from "../../service/service.js";
import { UsageError } from "../failure.js";
import { repeatable } from "./app-options.js";

/** How an app is divided into processes, where an operator wants it otherwise than the app. */
export interface ProcessOptions {
  readonly replicas: readonly string[];
  readonly group: readonly string[];
}

export function addProcessOptions(command: Command): Command {
  return command
    .addOption(repeatable("--replicas <name=count>", "how many processes of a service or group, repeatable"))
    .addOption(repeatable("--group <name=service,service>", "services that share a process, repeatable"));
}

export function processArguments({ replicas, group }: ProcessOptions): readonly string[] {
  return [...replicas.flatMap((each) => ["--replicas", each]), ...group.flatMap((each) => ["--group", each])];
}

/** The same app, divided otherwise. @throws UsageError for what is no option; TypeError or RangeError as `defineApp` does */
export function divided(app: App, options: ProcessOptions): App {
  if (options.replicas.length === 0 && options.group.length === 0) return app;
  const own = app.processes.filter(({ name, services }) => services.length > 1 || services[0] !== name);
  const groups =
    options.group.length === 0 ? own.map(({ name, services }) => [name, services] as const) : groupsOf(options.group);
  const names = new Set([...groups.map(([name]) => name), ...app.services.map(({ name }) => name)]);
  const kept = app.processes
    .filter(({ name }) => names.has(name))
    .map(({ name, replicas }) => [name, replicas] as const);
  const grouped = new Set(groups.flatMap(([, services]) => services));
  const replicas = [...kept.filter(([name]) => !grouped.has(name)), ...replicasOf(options.replicas)];
  const { name, given, middleware, configFile } = app;
  return defineApp({
    name,
    services: given,
    middleware,
    groups: Object.fromEntries(groups),
    replicas: Object.fromEntries(replicas),
    ...(configFile === undefined ? {} : { configFile }),
  });
}

function groupsOf(given: readonly string[]): readonly (readonly [string, readonly string[]])[] {
  return given.map((each) => {
    const [, name, services] = /^([^=]+)=([^=]+)$/.exec(each) ?? [];
    if (name !== undefined && services !== undefined) return [name, services.split(",")];
    throw new UsageError(`--group ${each}: expected name=service,service`);
  });
}

function replicasOf(given: readonly string[]): readonly (readonly [string, number])[] {
  return given.map((each) => {
    const [, name, count] = /^([^=]+)=(\d+)$/.exec(each) ?? [];
    if (name !== undefined) return [name, Number(count)];
    throw new UsageError(`--replicas ${each}: expected name=count, like orders=3`);
  });
}
