import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import type { RegistryEvent } from "../../src/contract/contract.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import type { Keeper, Kept } from "../../src/registry/kept-registration.js";
import { Registrations, type RegistrationsOptions } from "../../src/registry/registrations.js";
import { instance } from "../conformance/registry.js";
import { ManualClock } from "../support/manual-clock.js";
import { Moment } from "../support/moment.js";
import { recordingLogger } from "./recording-logger.js";

/** Does what the test says, and notes what it is asked. */
class ScriptedKeeper implements Keeper {
  readonly kept: Kept;
  readonly out = new Moment();
  readonly #name: string;
  readonly #diary: string[];
  why: Error | undefined;

  constructor(kept: Kept, diary: string[]) {
    this.kept = kept;
    this.#name = `${kept.publication.instance.id}/${kept.publication.instance.version}`;
    this.#diary = diary;
  }

  start(): void {
    this.#diary.push(`start ${this.#name}`);
  }

  changed(): Error | undefined {
    this.#diary.push(`changed ${this.#name}`);
    return this.why;
  }

  end(): Promise<void> {
    this.#diary.push(`end ${this.#name}`);
    return this.out.promise;
  }

  isRegistered(): void {
    const { publication, status } = this.kept;
    status.become("registered");
    publication.confirm(publication.version);
  }
}

function setup(options: Partial<RegistrationsOptions<ScriptedKeeper>> = {}) {
  const clock = new ManualClock(0);
  const keepers: ScriptedKeeper[] = [];
  const diary: string[] = [];
  const events: RegistryEvent[] = [];
  const registrations = new Registrations<ScriptedKeeper>({
    registryName: "test:",
    hint: "ask the test",
    clock,
    logger: recordingLogger(),
    monitor: (event) => events.push(event),
    keep: (kept) => {
      const keeper = new ScriptedKeeper(kept, diary);
      keepers.push(keeper);
      return keeper;
    },
    ...options,
  });
  const register = async (version: string, id = "orders-1") => {
    const registering = registrations.register(instance(id, { version }));
    keepers.at(-1)!.isRegistered();
    return await registering;
  };
  return { clock, keepers, diary, events, registrations, register };
}

const twice = { code: Code.ALREADY_EXISTS };
const now = { wait: false };

describe("what is registered through one registry", () => {
  test("register() resolves once its keeper has registered it, and closing ends the keeper", async () => {
    const { keepers, diary, registrations } = setup();
    const registering = registrations.register(instance("orders-1"));
    const [keeper] = keepers;
    expect([...registrations]).toEqual([keeper]);
    keeper!.isRegistered();
    const registration = await registering;
    expect(registration.state).toBe("registered");
    keeper!.out.now();
    await Promise.all([registration.close(), registration.close()]);
    expect(registration.state).toBe("closed");
    expect(diary).toEqual(["start orders-1/1.0.0", "end orders-1/1.0.0"]);
    expect([...registrations]).toEqual([]);
  });

  test("an id is kept again once its earlier registration has been taken out, however that ended", async () => {
    const { clock, keepers, diary, registrations } = setup();
    const first = registrations.register(instance("orders-1", { version: "1" }), { timeoutMs: 100 });
    clock.advance(100);
    await expect(first).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    const second = registrations.register(instance("orders-1", { version: "2" }), { timeoutMs: 100 });
    await clock.run(0);
    expect(diary).toEqual(["start orders-1/1", "end orders-1/1"]);
    await expect(registrations.register(instance("orders-1"))).rejects.toMatchObject(twice);
    keepers[0]!.out.now();
    await clock.run(0);
    expect(diary.splice(2)).toEqual(["start orders-1/2"]);
    keepers[1]!.isRegistered();
    expect((await second).state).toBe("registered");
    expect([...registrations]).toEqual([keepers[1]]);
  });

  test("an earlier registration that could not be taken out does not stand in the way", async () => {
    const failing = { start: () => {}, changed: () => undefined, end: () => Promise.reject(new Error("cannot")) };
    let made = 0;
    const started = new Moment();
    const { registrations } = setup({
      keep: () => (made++ === 0 ? failing : { ...failing, start: started.now }) as never,
    });
    const first = await registrations.register(instance("orders-1"), now);
    const closing = first.close();
    await registrations.register(instance("orders-1"), now);
    await expect(closing).rejects.toThrow("cannot");
    await started.promise;
    expect(first.state).toBe("closed");
  });

  test("who is closed while it waits for an earlier one is never kept", async () => {
    const { keepers, diary, registrations, register } = setup();
    const closing = [(await register("1")).close()];
    const second = await registrations.register(instance("orders-1", { version: "2" }), now);
    closing.push(second.close());
    const third = await registrations.register(instance("orders-1", { version: "3" }), now);
    keepers[0]!.out.now();
    await Promise.all(closing);
    expect([second.state, third.state]).toEqual(["closed", "registering"]);
    expect(diary).toEqual(["start orders-1/1", "end orders-1/1", "start orders-1/3"]);
    expect([...registrations]).toEqual([keepers[2]]);
  });

  test("who is refused leaves no trace, and who is registered stays so", async () => {
    const check = ({ zone }: { zone: string }) => {
      if (zone === "moon") throw new TypeError("there is no registry on the moon");
    };
    const { keepers, events, registrations, register } = setup({ check });
    const registration = await register("1");
    events.length = 0;
    for (let round = 0; round < 2; round++) {
      await expect(registrations.register(instance("orders-1"))).rejects.toMatchObject(twice);
    }
    await expect(registrations.register(instance("orders-2", { zone: "moon" }))).rejects.toThrow(/on the moon/);
    await expect(registration.update(instance("orders-1", { zone: "moon" }))).rejects.toThrow(/on the moon/);
    expect(keepers[0]!.kept.publication.version).toBe(1);
    keepers[0]!.out.now();
    await registrations.close();
    events.length = 0;
    await expect(registrations.register(instance("orders-2"))).rejects.toThrow(/the registry is closed/);
    expect(events).toEqual([]);
    expect(keepers).toHaveLength(1);
  });

  test.each([Number.NaN, -1, "10s", null])("a registration cannot take %j ms", async (timeoutMs) => {
    const { keepers, registrations } = setup();
    const refused = registrations.register(instance("orders-1"), { timeoutMs: timeoutMs as number });
    await expect(refused).rejects.toThrow(RangeError);
    await expect(refused).rejects.toThrow(`timeoutMs is ${timeoutMs};`);
    expect(keepers).toEqual([]);
  });

  test("an update that cannot be told at present says so", async () => {
    const { keepers, diary, register } = setup();
    const registration = await register("1");
    keepers[0]!.why = new RpcError(Code.UNAVAILABLE, "test: out to lunch");
    await expect(registration.update(instance("orders-1", { weight: 7 }))).rejects.toThrow(
      /out to lunch.*ask the test/,
    );
    expect(diary.at(-1)).toBe("changed orders-1/1");
    expect(keepers[0]!.kept.publication.instance.weight).toBe(7);
  });

  test("who waits for a registration that closes is told at once", async () => {
    const { keepers, registrations } = setup();
    const registering = registrations.register(instance("orders-1"), { timeoutMs: Number.POSITIVE_INFINITY });
    const closing = registrations.close();
    await expect(registering).rejects.toThrow(/"orders-1" is closed/);
    keepers[0]!.out.now();
    await closing;
  });

  test("closing may take everything out at once", async () => {
    const { diary, registrations, register } = setup();
    const all = [await register("1", "orders-1"), await register("1", "orders-2")];
    const out = new Moment();
    const closing = registrations.close(() => out.promise);
    await expect(registrations.register(instance("orders-3"))).rejects.toThrow(/the registry is closed/);
    out.now();
    await closing;
    for (const registration of all) await registration.close();
    expect(all.map(({ state }) => state)).toEqual(["closed", "closed"]);
    expect(diary).toEqual(["start orders-1/1", "start orders-2/1"]);
  });

  test("a keeper works outside of the call that asked for it", async () => {
    const calls = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const note = () => void seen.push(calls.getStore());
    const { registrations } = setup({
      keep: () => {
        note();
        return { start: note, changed: note, end: async () => note() } as never;
      },
    });
    await calls.run("a call", async () => {
      const registration = await registrations.register(instance("orders-1"), now);
      registration.update(instance("orders-1", { weight: 7 })).catch(() => {});
      await registration.close();
    });
    expect(seen).toEqual([undefined, undefined, undefined, undefined]);
  });
});
