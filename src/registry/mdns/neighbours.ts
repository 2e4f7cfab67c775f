import type { RemoteInfo } from "node:dgram";
import { isDeepStrictEqual } from "node:util";
import type { Instance } from "../../contract/contract.js";
import type { Timer } from "../../time/time.js";
import { reasonOf } from "../failures.js";
import type { InstanceTable, TableEntry } from "../instance-table.js";
import { Complaints } from "./complaints.js";
import type { Answer, ResponsePacket } from "./link.js";
import { instanceName, isInstanceName, sameName } from "./names.js";
import type { ResolvedMdnsOptions } from "./options.js";
import { fromTxt } from "./txt.js";

export interface NeighboursOptions extends ResolvedMdnsOptions {
  /** Our own instance of that name, where there is one. */
  readonly own: (name: string) => Instance | undefined;
  /** Asks whether it is still there. */
  readonly ask: (name: string) => void;
  /** Others were told that our own instance of that name is gone. */
  readonly deny: (name: string) => void;
  /** Whether nobody can be heard at present. */
  readonly away: () => boolean;
}

interface Neighbour {
  readonly instance: Instance;
  readonly entry: TableEntry;
  readonly address: string;
  timer: Timer;
  overdue: boolean;
}

/** More than any LAN has. Who invents names gets no more of our memory. */
const mostNeighbours = 4_096;
/** When to ask for a sign of life, as a share of the time it was promised for (RFC 6762 §5.2). */
const askAt = 0.8;

/** Instances of others, each for as long as its last announcement said. */
export class Neighbours {
  readonly #table: InstanceTable;
  readonly #options: NeighboursOptions;
  readonly #byName = new Map<string, Neighbour>();
  /** What was our own until lately, by name: what we said of it may still be on its way back to us. */
  readonly #echoes = new Map<string, { readonly startedAtMs: number; readonly untilMs: number }>();
  readonly #complaints: Complaints;

  constructor(table: InstanceTable, options: NeighboursOptions) {
    this.#table = table;
    this.#options = options;
    this.#complaints = new Complaints(options.clock);
  }

  hear({ answers = [], additionals = [] }: ResponsePacket, from: RemoteInfo): void {
    const records = [...answers, ...additionals];
    const told = new Set<string>();
    for (const record of records) {
      if (record.type !== "TXT" || !isInstanceName(record.name)) continue;
      told.add(record.name.toLowerCase());
      this.#take(record, from);
    }
    for (const record of records) {
      if (record.type !== "PTR" || !isInstanceName(record.data)) continue;
      const key = record.data.toLowerCase();
      if (told.has(key)) continue;
      if (record.ttl === 0) this.#leave(key);
      else this.#askOf(key);
    }
  }

  /** Our own instance has left: what is still heard of it is but an echo. Another that starts under its id is none. */
  ownLeft({ id, startedAt }: Instance): void {
    const { clock, ttlMs } = this.#options;
    const nowMs = clock.now();
    for (const [name, { untilMs }] of this.#echoes) if (untilMs <= nowMs) this.#echoes.delete(name);
    const name = instanceName(id).toLowerCase();
    this.#echoes.set(name, { startedAtMs: startedAt.getTime(), untilMs: nowMs + ttlMs });
  }

  /** Whoever's time ran out while nobody could be heard has been silent for too long now. */
  back(): void {
    for (const [name, { overdue }] of this.#byName) if (overdue) this.#forget(name);
  }

  close(): void {
    for (const { timer } of this.#byName.values()) timer.cancel();
    this.#byName.clear();
  }

  #take(record: Extract<Answer, { type: "TXT" }>, from: RemoteInfo): void {
    const key = record.name.toLowerCase();
    try {
      const instance = fromTxt([record.data].flat().map((each) => Buffer.from(each)));
      if (!sameName(instanceName(instance.id), key)) throw new TypeError(`it says that it is ${instance.id}`);
      if (record.ttl === 0) this.#leave(key, instance);
      else this.#keep(key, instance, Math.min(Number(record.ttl), 86_400) * 1_000, from.address);
    } catch (error) {
      const reason = `${key}: ${reasonOf(error, "").slice(0, 200)}`;
      this.#complaints.once(key, () =>
        this.#options.logger.warn({ reason, from: from.address }, "left out of the registry"),
      );
    }
  }

  #keep(key: string, instance: Instance, ttlMs: number, address: string): void {
    const own = this.#options.own(key);
    if (own !== undefined) {
      if (own.startedAt.getTime() !== instance.startedAt.getTime()) this.#conflict(instance, address);
      return;
    }
    if (this.#isEcho(key, instance)) return;
    const before = this.#byName.get(key);
    if (before === undefined && this.#byName.size >= mostNeighbours) {
      const tooMany = `more than ${mostNeighbours} instances on this LAN: the others are left out`;
      this.#complaints.once("", () => this.#options.logger.error({}, tooMany));
      return;
    }
    before?.timer.cancel();
    const restarted = before !== undefined && before.instance.startedAt.getTime() !== instance.startedAt.getTime();
    if (restarted && before.address !== address) this.#conflict(instance, address);
    this.#byName.set(key, {
      instance,
      entry: this.#put(before, instance),
      address,
      timer: this.#wait(key, ttlMs),
      overdue: false,
    });
  }

  #isEcho(key: string, { startedAt }: Instance): boolean {
    const echo = this.#echoes.get(key);
    return echo?.startedAtMs === startedAt.getTime() && this.#options.clock.now() < echo.untilMs;
  }

  #put(before: Neighbour | undefined, instance: Instance): TableEntry {
    this.#options.monitor({ type: "changes", service: instance.service, count: 1 });
    if (before === undefined || before.instance.service !== instance.service) {
      before?.entry.remove();
      return this.#table.put(instance);
    }
    if (!isDeepStrictEqual(before.instance, instance)) before.entry.update(instance);
    return before.entry;
  }

  /** Asked first, and only then given up: a machine that slept must not take all the others for dead when it wakes. */
  #wait(key: string, ttlMs: number): Timer {
    const { clock, ask } = this.#options;
    return clock.timer(ttlMs * askAt, () => {
      const neighbour = this.#byName.get(key);
      if (neighbour === undefined) return;
      neighbour.timer = clock.timer(ttlMs * (1 - askAt), () => this.#expire(key));
      ask(key);
    });
  }

  #expire(key: string): void {
    const neighbour = this.#byName.get(key);
    if (neighbour === undefined) return;
    if (this.#options.away()) neighbour.overdue = true;
    else this.#forget(key);
  }

  /** Who says goodbye takes only itself out, and not another that was started under its id. */
  #leave(key: string, instance?: Instance): void {
    const isIt = (other?: Instance) => instance?.startedAt.getTime() === other?.startedAt.getTime();
    const own = this.#options.own(key);
    if (own !== undefined && !isIt(own)) this.#options.deny(key);
    if (instance === undefined || isIt(this.#byName.get(key)?.instance)) this.#forget(key);
  }

  #forget(key: string): void {
    const neighbour = this.#byName.get(key);
    neighbour?.timer.cancel();
    this.#byName.delete(key);
    neighbour?.entry.remove();
  }

  #askOf(key: string): void {
    if (!this.#byName.has(key) && this.#options.own(key) === undefined) this.#options.ask(key);
  }

  #conflict({ id }: Instance, address: string): void {
    const both = "two instances on this LAN have the same id; the later to speak counts. Give each its own";
    this.#complaints.once(`conflict ${id}`, () => this.#options.logger.warn({ instance: id, from: address }, both));
  }
}
