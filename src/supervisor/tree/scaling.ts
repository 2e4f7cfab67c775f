import { checkSpec } from "../check-spec.js";
import { type GroupSpec, isGroup, type ProcessSpec } from "../spec.js";
import { SupervisionError } from "../supervision-error.js";
import type { Child } from "./child.js";
import type { Group } from "./group.js";
import type { Names } from "./names.js";

/** What the processes of a group that can be made larger or smaller are called: `<prefix>-<number>`. */
interface Series {
  readonly prefix: string;
  /** The spec that a new process is made from: of the process that last had the highest number. */
  readonly like: ProcessSpec;
}

/** Makes groups of like processes larger and smaller. */
export class Scaling {
  readonly #names: Names;
  readonly #replica: (like: ProcessSpec, name: string) => ProcessSpec;
  /** By the name of the group; also of groups that have no process left. */
  readonly #series = new Map<string, Series>();

  constructor(names: Names, replica: (like: ProcessSpec, name: string) => ProcessSpec) {
    this.#names = names;
    this.#replica = replica;
  }

  async scale(group: Group, count: number): Promise<void> {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new TypeError(`scale: the count for "${group.name}" is ${count}; it must be a whole number, 0 or more`);
    }
    const series = this.#seriesOf(group);
    const children = (group.members as readonly Child[]).toSorted((a, b) => numberOf(a.name) - numberOf(b.name));
    const highest = children.at(-1);
    const added = this.#more(series, count - children.length, highest === undefined ? 0 : numberOf(highest.name));
    checkSpec({ name: group.name, children: [...children.map(({ spec }) => spec), ...added] });
    this.#refuseTaken(added);
    const staying = children.slice(0, count);
    const leaving = children.slice(count);
    refuseNeeded(staying, leaving);
    await this.#grow(group, staying, added);
    await group.remove(leaving);
  }

  /** Starts the stopped ones of the processes that stay, and the new processes. */
  async #grow(group: Group, staying: readonly Child[], added: readonly ProcessSpec[]): Promise<void> {
    const stopped = staying.filter(({ idle }) => idle);
    if (stopped.length + added.length === 0) return;
    const before = new Map(stopped.map((child) => [child.name, child.timesReady]));
    const report = await group.grow(stopped, added);
    if (report !== undefined) throw new SupervisionError(report.text, report);
    if (!group.up) return; // they start with the group
    const names = new Set([...stopped, ...added].map(({ name }) => name));
    const missing = group.children.find(
      ({ name, timesReady }) => names.has(name) && timesReady === (before.get(name) ?? 0),
    );
    if (missing !== undefined) throw new SupervisionError(`${missing.name}: was stopped before it was ready`);
  }

  #seriesOf(group: Group): Series {
    const specs = group.members.map(({ spec }) => spec);
    const known = this.#series.get(group.name);
    if (specs.length === 0 && known !== undefined) return known;
    const series = seriesOf(group.name, specs);
    this.#series.set(group.name, series);
    return series;
  }

  #more({ prefix, like }: Series, count: number, highest: number): readonly ProcessSpec[] {
    return Array.from({ length: Math.max(0, count) }, (_, index) =>
      this.#replica(like, `${prefix}-${highest + 1 + index}`),
    );
  }

  #refuseTaken(added: readonly ProcessSpec[]): void {
    const taken = new Set([...this.#names.children, ...this.#names.groups].map(({ name }) => name));
    const twice = added.find(({ name }) => taken.has(name));
    if (twice !== undefined) throw new SupervisionError(`scale: "${twice.name}" is there already`);
  }
}

/** @throws SupervisionError where a process that stays is said to come after one that is to leave */
function refuseNeeded(staying: readonly Child[], leaving: readonly Child[]): void {
  for (const { name, spec } of staying) {
    const needed = leaving.find((child) => spec.after?.includes(child.name));
    if (needed === undefined) continue;
    throw new SupervisionError(`scale: "${needed.name}" cannot leave: "${name}", which stays, comes after it`);
  }
}

/** @throws SupervisionError where they are not processes numbered alike */
function seriesOf(group: string, specs: readonly (ProcessSpec | GroupSpec)[]): Series {
  const prefixes = new Set(specs.map((spec) => (isGroup(spec) ? undefined : /^(.+)-\d+$/.exec(spec.name)?.[1])));
  const [prefix] = prefixes;
  if (prefixes.size !== 1 || prefix === undefined) {
    const names = specs.map(({ name }) => name).join(", ") || "none";
    const expected = `like processes named e.g. ${group}-1, ${group}-2`;
    throw new SupervisionError(`scale: the children of "${group}" are not ${expected} (they are: ${names})`);
  }
  const [like] = (specs as readonly ProcessSpec[]).toSorted((a, b) => numberOf(b.name) - numberOf(a.name));
  return { prefix, like: like as ProcessSpec };
}

function numberOf(name: string): number {
  return Number(/\d+$/.exec(name)?.[0]);
}
