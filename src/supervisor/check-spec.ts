import { type GroupSpec, isGroup, type ProcessSpec } from "./spec.js";
import { startOrder } from "./start-order.js";

/**
 * Looks a whole tree over before anything of it runs.
 *
 * @throws TypeError or RangeError at the first thing that cannot be, naming it
 */
export function checkSpec(root: GroupSpec): void {
  const names = new Set<string>();
  const visit = (spec: ProcessSpec | GroupSpec, path: string): void => {
    checkName(spec.name, path);
    if (names.has(spec.name))
      throw new TypeError(`${path}: two are named "${spec.name}"; a name is unique in the tree`);
    names.add(spec.name);
    if (!isGroup(spec)) {
      checkProcess(spec);
      return;
    }
    checkGroup(spec);
    for (const child of spec.children) visit(child, `a child of ${spec.name}`);
    startOrder(spec.children);
  };
  visit(root, "the root");
}

function checkName(name: unknown, path: string): void {
  if (typeof name === "string" && /^\S+$/.test(name)) return;
  throw new TypeError(
    `${path}: its name is ${JSON.stringify(name)}; it must be a word without spaces, e.g. "orders-1"`,
  );
}

function checkProcess(spec: ProcessSpec): void {
  const { name, command, args, restart, readyTimeoutMs = 1, stopTimeoutMs = 1 } = spec;
  if (typeof command !== "string" || command === "" || !Array.isArray(args)) {
    throw new TypeError(`${name}: it needs a command and its args, or children`);
  }
  if (restart !== undefined && !["permanent", "transient", "temporary"].includes(restart)) {
    throw new TypeError(`${name}: restart is ${JSON.stringify(restart)}; it is permanent, transient or temporary`);
  }
  if (!(readyTimeoutMs > 0))
    throw new RangeError(`${name}: readyTimeoutMs is ${readyTimeoutMs}; it must be more than 0`);
  if (!(stopTimeoutMs >= 0)) throw new RangeError(`${name}: stopTimeoutMs is ${stopTimeoutMs}; it must be 0 or more`);
}

function checkGroup({ name, children, strategy, intensity }: GroupSpec): void {
  if (!Array.isArray(children)) throw new TypeError(`${name}: children must be a list`);
  if (strategy !== undefined && !["one_for_one", "one_for_all", "rest_for_one"].includes(strategy)) {
    throw new TypeError(
      `${name}: strategy is ${JSON.stringify(strategy)}; it is one_for_one, one_for_all or rest_for_one`,
    );
  }
  if (intensity === undefined) return;
  const { restarts, withinMs } = intensity;
  if (!(restarts >= 0)) throw new RangeError(`${name}: intensity.restarts is ${restarts}; it must be 0 or more`);
  if (!(withinMs > 0)) throw new RangeError(`${name}: intensity.withinMs is ${withinMs}; it must be more than 0`);
}
