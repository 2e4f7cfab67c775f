import type { Middleware } from "../contract/contract.js";
import { checkName } from "./options.js";
import type { Need, ServiceSpec } from "./spec.js";
import { startOrder } from "./start-order.js";

export interface AppOptions<S extends readonly ServiceSpec[] = readonly ServiceSpec[], Group extends string = string> {
  /** Lower case, digits and dashes. Default: `app`. */
  readonly name?: string;
  readonly services: S;
  /** Services that share a process under `hawser up`, by the name of that process. Default: each has its own. */
  readonly groups?: { readonly [name in Group]: readonly S[number]["name"][] };
  /** How many processes of a service, or of a group, `hawser up` starts. Default: one of each. */
  readonly replicas?: { readonly [name in S[number]["name"] | NoInfer<Group>]?: number };
  /** Around every call that comes in to any service, outside of its own middleware. */
  readonly middleware?: readonly Middleware[];
  /** A `.json` or `.yaml` file with values for `config`, relative to the app file; `--config` replaces it. Default: none. */
  readonly configFile?: string;
}

/** Services that run in one process under `hawser up`. */
export interface AppProcess {
  readonly name: string;
  readonly services: readonly string[];
  readonly replicas: number;
  /** Processes with a service that one of its services needs. */
  readonly after: readonly string[];
}

/** A system of services as a value. Nothing of it runs. */
export interface App<S extends readonly ServiceSpec[] = readonly ServiceSpec[]> {
  readonly kind: "hawser.app";
  readonly name: string;
  /** Each after those it needs. */
  readonly services: readonly ServiceSpec[];
  /** As they were given, in that order: typed, and what the app is divided anew from where an operator wants other processes. */
  readonly given: S;
  /** Each after those it needs; every service is in exactly one. */
  readonly processes: readonly AppProcess[];
  readonly middleware: readonly Middleware[];
  readonly configFile: string | undefined;
}

/**
 * Puts services together. Does nothing: `hawser run | up | start`, `startApp` and `testApp` bring it to life.
 *
 * @throws TypeError for two services of one name, a need that nobody provides, needs that form a cycle, groups or replicas of
 *   nobody, and processes whose names cannot be told apart, naming them
 */
export function defineApp<const S extends readonly ServiceSpec[], Group extends string = never>(
  options: AppOptions<S, Group>,
): App<S> {
  const { name = "app", services, groups = {}, replicas = {}, middleware = [], configFile } = options;
  checkName("defineApp: name", name);
  if (!Array.isArray(services) || services.length === 0) {
    throw new TypeError(`${name}: services: expected at least one defineService({ … })`);
  }
  const byName = new Map<string, ServiceSpec>();
  for (const [index, service] of services.entries()) {
    if (service?.kind !== "hawser.service") {
      throw new TypeError(`${name}: services[${index}]: expected what defineService() gave`);
    }
    if (service.name === "shared") {
      throw new TypeError(
        `${name}: a service cannot be called "shared": its configuration could not be told from what all of them see`,
      );
    }
    if (byName.has(service.name)) {
      throw new TypeError(`${name}: two services are called ${service.name}; give one of them another name`);
    }
    byName.set(service.name, service);
  }
  for (const service of services) for (const need of service.needs) checkNeed(service.name, need, byName);
  const ordered = startOrder(`${name}: services`, services.map(afterNeeds)).map(({ service }) => service);
  return {
    kind: "hawser.app",
    name,
    services: ordered,
    given: services,
    processes: startOrder(`${name}: groups`, processesOf(name, ordered, groups, replicas)),
    middleware,
    configFile,
  };
}

function afterNeeds(service: ServiceSpec) {
  const after = service.needs.filter(({ external }) => !external).map((need) => need.service);
  return { name: service.name, after, service };
}

function checkNeed(owner: string, need: Need, byName: ReadonlyMap<string, ServiceSpec>): void {
  const known = [...byName.keys()].join(", ");
  const provider = byName.get(need.service);
  if (need.external) {
    if (provider === undefined) return;
    throw new TypeError(
      `${owner}: needs.${need.name} is external, and ${need.service} is a service of this app; leave out external`,
    );
  }
  if (provider === undefined) {
    throw new TypeError(
      `${owner} needs "${need.service}", and no service of the app is called so (there are: ${known}); ` +
        "where it runs elsewhere say { contract, external: true }",
    );
  }
  const contracts = [...provider.contracts.values()].map(({ fullName }) => fullName);
  if (contracts.includes(need.contract.fullName)) return;
  throw new TypeError(
    `${owner} needs ${need.contract.fullName} of ${need.service}, which serves ${contracts.join(", ") || "no contract"}`,
  );
}

/** Groups first named, then everybody who is in none. */
function processesOf(
  app: string,
  services: readonly ServiceSpec[],
  groups: { readonly [name: string]: readonly string[] },
  replicas: { readonly [name: string]: number },
): readonly AppProcess[] {
  const left = new Set(services.map(({ name }) => name));
  const grouped = Object.entries(groups).map(([name, members]) => {
    checkName(`${app}: groups`, name);
    if (members.length === 0) throw new TypeError(`${app}: groups.${name}: expected the names of services, was empty`);
    for (const member of members) {
      if (left.delete(member)) continue;
      const known = services.map((service) => service.name);
      throw new TypeError(
        known.includes(member)
          ? `${app}: groups.${name}: ${member} is in a group already; a service is in one`
          : `${app}: groups.${name}: no service is called ${member} (there are: ${known.join(", ")})`,
      );
    }
    return { name, services: members };
  });
  const clash = grouped.find(({ name }) => left.has(name));
  if (clash !== undefined)
    throw new TypeError(`${app}: groups.${clash.name}: a service outside of it has this name; give the group another`);
  const processes = [...grouped, ...[...left].map((name) => ({ name, services: [name] }))];
  checkApart(app, new Set(processes.map(({ name }) => name)));
  for (const [name, count] of Object.entries(replicas)) {
    if (!processes.some((process) => process.name === name)) {
      throw new TypeError(
        `${app}: replicas.${name}: no process is called so (there are: ${processes.map((each) => each.name).join(", ")})`,
      );
    }
    if (!(Number.isInteger(count) && count >= 0)) {
      throw new RangeError(`${app}: replicas.${name}: must be a whole number from 0, was ${count}`);
    }
  }
  const processOf = (service: string) => processes.find((process) => process.services.includes(service))?.name;
  return processes.map(({ name, services: members }) => {
    const needed = services
      .filter((service) => members.includes(service.name))
      .flatMap((each) => afterNeeds(each).after);
    const after = new Set(needed.map(processOf).filter((each) => each !== undefined && each !== name));
    return { name, services: members, replicas: replicas[name] ?? 1, after: [...after] as string[] };
  });
}

/** `hawser up` numbers what it starts: `orders-1`, `orders-2`, … and finds each by its name. */
function checkApart(app: string, names: ReadonlySet<string>): void {
  for (const name of names) {
    const [, other = ""] = /^(.+)-[1-9]\d*$/.exec(name) ?? [];
    if (!names.has(other)) continue;
    throw new TypeError(
      `${app}: ${name} is what \`hawser up\` may call a process of ${other}; give one of them another name, or both a group`,
    );
  }
}
