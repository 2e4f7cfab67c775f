import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Entry } from "../../src/registry/etcd/api.js";
import { type EtcdRegistryOptions, resolveEtcdOptions } from "../../src/registry/etcd/options.js";
import { Pulse } from "../../src/registry/etcd/watch/pulse.js";
import type { RangeObserver } from "../../src/registry/etcd/watch/range-observer.js";
import { RangeState } from "../../src/registry/etcd/watch/range-state.js";
import { RangeWatch } from "../../src/registry/etcd/watch/range-watch.js";
import { WatchHub } from "../../src/registry/etcd/watch/watch-hub.js";
import type { Subscriber } from "../../src/registry/etcd/watch/watch-link.js";
import type { Clock } from "../../src/time/time.js";
import { ManualClock } from "../support/manual-clock.js";
import { recordingLogger } from "./recording-logger.js";
import { event, header, list, ScriptedEtcd, unavailable } from "./scripted-etcd.js";

function hub(options: Partial<EtcdRegistryOptions> = {}) {
  const [clock, logger, etcd] = [new ManualClock(0), recordingLogger(), new ScriptedEtcd()];
  const resolved = resolveEtcdOptions({ hosts: "127.0.0.1:1", clock, logger, random: () => 0.5, ...options });
  return { clock, logger, etcd, options: resolved, hub: new WatchHub(etcd, resolved) };
}

/** Two or more that follow ranges of one hub, and what each is told. */
async function following(...keys: readonly string[]) {
  const made = hub();
  const told: string[] = [];
  const followers = keys.map((key, index) => {
    const controller = new AbortController();
    const subscriber: Subscriber = {
      range: { key: Buffer.from(key) },
      from: () => BigInt(index + 1),
      receive: ({ created, events }) => {
        const what = events.map(({ kv }) => `${kv.key}@${kv.mod_revision}`).join();
        told.push(`${key} ${created ? "created" : what || "progress"}`);
      },
      alive: () => told.push(`${key} alive`),
      away: () => told.push(`${key} away`),
    };
    const ended = made.hub.follow(subscriber, controller.signal).then(
      () => "left",
      (error: Error) => error.message,
    );
    return { ended, leave: () => controller.abort() };
  });
  await made.clock.run(0);
  const tell = () => told.splice(0);
  return { ...made, followers, tell };
}

function silent(key: string, from: bigint): Subscriber {
  return { range: { key: Buffer.from(key) }, from: () => from, receive() {}, alive() {}, away() {} };
}

describe("all watches of a registry", () => {
  test("share one stream, which is opened for the first and closed after the last", async () => {
    const { etcd, followers, clock } = await following("a", "b");
    expect(etcd.streams).toHaveLength(1);
    expect(etcd.stream.creates).toEqual(["1: a from 1", "2: b from 2"]);
    followers[0]?.leave();
    expect(await followers[0]?.ended).toBe("left");
    expect([etcd.stream.cancels, etcd.stream.cancelled]).toEqual([["1"], false]);
    followers[1]?.leave();
    expect(await followers[1]?.ended).toBe("left");
    expect(etcd.stream.cancelled).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("are told what carries their id, and nothing more once they have left", async () => {
    const { etcd, followers, tell } = await following("a", "b");
    for (const id of [1, 2]) etcd.stream.created(id);
    etcd.stream.happens(2, "b1=x@5");
    etcd.stream.happens(1, "a1=x@6");
    expect(tell()).toEqual(["a created", "b created", "b b1@5", "a a1@6"]);
    followers[0]?.leave();
    await followers[0]?.ended;
    etcd.stream.happens(1, "a2=x@7");
    etcd.stream.says(1, { canceled: true });
    etcd.stream.happens(2, "b2=x@8");
    etcd.stream.happens(77, "b3=x@9");
    expect(tell()).toEqual(["b b2@8"]);
  });

  test("a watch that etcd cancels ends with the reason, and the others do not notice", async () => {
    const { etcd, followers, tell, logger } = await following("a", "b", "c");
    for (const id of [1, 2, 3]) etcd.stream.created(id);
    tell();
    etcd.stream.says(1, { canceled: true, compact_revision: "9" });
    etcd.stream.says(3, { canceled: true, cancel_reason: "for a whim" });
    expect(await followers[0]?.ended).toBe("etcd: Error: what followed has been compacted up to revision 9");
    expect(await followers[2]?.ended).toBe("etcd: Error: etcd cancelled it: for a whim");
    etcd.stream.happens(2, "b1=x@5");
    expect(tell()).toEqual(["b b1@5"]);
    expect([etcd.streams.length, logger.lines]).toEqual([1, []]);
  });

  test("a response in pieces is told whole, whatever comes for others in between", async () => {
    const { etcd, tell } = await following("a", "b");
    for (const id of [1, 2]) etcd.stream.created(id);
    tell();
    etcd.stream.says(1, { events: [event("a1=x@5"), event("a2=x@5")], fragment: true });
    etcd.stream.happens(2, "b1=x@6");
    etcd.stream.says(1, { events: [event("a3=x@5")], fragment: true });
    etcd.stream.says(1, { events: [event("a4=x@5")] });
    expect(tell()).toEqual(["b b1@6", "a a1@5,a2@5,a3@5,a4@5"]);
  });

  test("when the stream breaks all are told, one other is opened, and each goes on from where it is", async () => {
    const { etcd, clock, tell, logger } = await following("a", "b", "c");
    for (const id of [1, 2, 3]) etcd.stream.created(id);
    tell();
    etcd.stream.says(1, { events: [event("a1=x@5")], fragment: true });
    etcd.stream.breaks();
    await clock.run(0);
    expect(tell()).toEqual(["a away", "b away", "c away"]);
    await clock.run(400);
    expect(etcd.streams).toHaveLength(2);
    expect(etcd.stream.creates).toEqual(["1: a from 1", "2: b from 2", "3: c from 3"]);
    etcd.stream.created(1);
    etcd.stream.happens(1, "a1=x@5");
    etcd.streams[0]?.happens(2, "b1=x@5");
    expect(tell()).toEqual(["a created", "a a1@5"]);
    expect(logger.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      "warn watch stream: failed; trying again",
      "info watch stream: well again",
    ]);
  });

  test("while no stream can be had one asks for all, with waits that grow", async () => {
    const { etcd, clock } = await following("a", "b", "c");
    let tries = 0;
    etcd.opens = async () => {
      tries += 1;
      throw unavailable("connection refused");
    };
    etcd.stream.breaks();
    await clock.run(60_000);
    expect(tries).toBe(8); // after 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15 and 15 s
  });

  test("a watch that etcd refuses ends alone, as its range may be forbidden now", async () => {
    const { etcd, followers, tell, logger } = await following("a", "b");
    etcd.stream.created(1);
    etcd.stream.says(-1, { created: true, canceled: true, cancel_reason: "permission denied" });
    expect(await followers[1]?.ended).toBe("etcd: Error: etcd refused a watch: permission denied");
    etcd.stream.happens(1, "a1=x@5");
    expect(tell()).toEqual(["a created", "a a1@5"]);
    expect([etcd.streams.length, logger.lines]).toEqual([1, []]);
  });

  test("one that is refused again after its range could be read ends the stream: it is the token", async () => {
    const { etcd, clock, tell, hub: shared } = await following("a");
    const [z, controller] = [silent("z", 7n), new AbortController()];
    const refuse = () => etcd.stream.says(-1, { created: true, canceled: true, cancel_reason: "permission denied" });
    etcd.stream.created(1);
    const first = shared.follow(z, controller.signal);
    refuse();
    await expect(first).rejects.toThrow("permission denied");
    const second = shared.follow(z, controller.signal);
    refuse();
    await clock.run(400);
    expect(tell()).toEqual(["a created", "a away"]);
    expect(etcd.streams.map(({ cancelled }) => cancelled)).toEqual([true, false]);
    expect(etcd.stream.creates).toEqual(["1: a from 1", "2: z from 7"]);
    controller.abort();
    await second;
  });

  test("one whose refusal says that it is the token ends the stream at once", async () => {
    const { etcd, clock, followers, tell } = await following("a", "b");
    etcd.stream.created(1);
    etcd.stream.says(-1, { created: true, canceled: true, cancel_reason: "etcdserver: invalid auth token" });
    await clock.run(400);
    expect(tell()).toEqual(["a created", "a away", "b away"]);
    expect(etcd.streams.map(({ cancelled }) => cancelled)).toEqual([true, false]);
    for (const id of [1, 2]) etcd.stream.created(id);
    expect(tell()).toEqual(["a created", "b created"]);
    expect(followers).toHaveLength(2);
  });

  test("who comes while the stream of the last is being closed gets a new one", async () => {
    const { etcd, clock, followers, hub: shared } = await following("a");
    followers[0]?.leave();
    const controller = new AbortController();
    const ended = shared.follow(silent("z", 7n), controller.signal);
    await clock.run(0);
    expect(etcd.streams.filter(({ cancelled }) => !cancelled).flatMap(({ creates }) => creates)).toContain(
      "2: z from 7",
    );
    controller.abort();
    await ended;
    expect(etcd.streams.every(({ cancelled }) => cancelled)).toBe(true);
    expect(clock.pending).toBe(0);
  });
});

describe("the pulse of the watch stream", () => {
  test("asks again and again, by a watch that is cancelled at once, and says that all live", async () => {
    const { etcd, clock, tell } = await following("a", "b");
    for (const id of [1, 2]) etcd.stream.created(id);
    tell();
    await clock.run(2_500);
    expect(etcd.stream.creates.at(-1)).toBe("3: a from now");
    expect(etcd.stream.cancels).toEqual(["3"]);
    etcd.stream.created(3);
    etcd.stream.says(3, { canceled: true });
    expect(tell()).toEqual(["a alive", "b alive"]);
    await clock.run(2_500);
    expect(etcd.stream.creates.at(-1)).toBe("4: a from now");
  });

  test("is there too where etcd refuses the question", async () => {
    const { etcd, clock, tell } = await following("a");
    etcd.stream.created(1);
    tell();
    await clock.run(2_500);
    etcd.stream.says(-1, { created: true, canceled: true, cancel_reason: "permission denied" });
    await clock.run(2_499);
    expect(tell()).toEqual(["a alive"]);
  });

  test("does not speak for a watch that has not begun, nor for one of which half a response is there", async () => {
    const { etcd, clock, tell } = await following("a", "b");
    etcd.stream.created(1);
    etcd.stream.says(1, { events: [event("a1=x@5")], fragment: true });
    tell();
    await clock.run(2_500);
    etcd.stream.created(3);
    expect(tell()).toEqual([]);
  });

  test("any response is a sign of life", async () => {
    const { etcd, clock, tell } = await following("a");
    for (let round = 0; round < 10; round++) {
      etcd.stream.says(1, {});
      await clock.run(2_500);
    }
    expect(etcd.streams).toHaveLength(1);
    expect(tell()).not.toContain("a away");
  });

  test("missing, it is noticed after half the time to live, before any lease can have expired", async () => {
    const { etcd, clock, tell } = await following("a");
    etcd.stream.created(1);
    await clock.run(2_500);
    etcd.stream.created(2);
    tell();
    await clock.run(4_999);
    expect([tell(), etcd.suspicions]).toEqual([[], []]);
    await clock.run(1);
    expect(tell()).toEqual(["a away"]);
    expect(etcd.suspicions).toEqual(["no sign of life on the watch stream for 2500 ms"]);
    expect(etcd.stream.cancelled).toBe(true);
    await clock.run(400);
    expect(etcd.streams).toHaveLength(2);
  });

  test("missing from the beginning, it is noticed too", async () => {
    const { etcd, clock, tell } = await following("a");
    await clock.run(2_500);
    expect(tell()).toEqual(["a away"]);
    expect(etcd.suspicions).toHaveLength(1);
  });

  test("is not missed by a process that was itself held up: what lies there is read between two timers", () => {
    const due: (() => void)[] = [];
    const clock: Clock = {
      now: () => 0,
      timer: (_ms, fire) => {
        due.push(fire);
        return { cancel() {} };
      },
    };
    const told: string[] = [];
    const pulse = new Pulse({
      clock,
      everyMs: 100,
      ask: () => told.push("asked"),
      giveUp: () => told.push("given up"),
    });
    const timerFires = () => due.shift()?.();
    pulse.heard();
    timerFires();
    timerFires();
    expect(told).toEqual(["asked"]);
    timerFires(); // however late
    pulse.heard();
    timerFires();
    expect(told).toEqual(["asked", "asked"]);
    timerFires();
    timerFires();
    expect(told).toEqual(["asked", "asked", "given up"]);
    expect(due).toEqual([]);
  });

  test("a stream that is not opened in time is given up, and not left open if it comes later", async () => {
    const { etcd, clock, tell } = await following("a");
    const late: (() => void)[] = [];
    etcd.opens = () => new Promise((resolve) => late.push(resolve));
    etcd.stream.breaks();
    await clock.run(400 + 5_000);
    expect(tell()).toEqual(["a away", "a away"]);
    expect(etcd.suspicions).toEqual(["no watch stream within 5000 ms"]);
    late[0]?.();
    await clock.run(0);
    expect(etcd.streams.map(({ cancelled }) => cancelled)).toEqual([true, true]);
  });
});

/** A range that is watched, and what its observer is told. */
async function watching(
  first: () => ReturnType<ScriptedEtcd["lists"]>,
  observer: Partial<RangeObserver> = {},
  options: Partial<EtcdRegistryOptions> = {},
) {
  const made = hub(options);
  const told: string[] = [];
  const show = (entries: ReadonlyMap<string, Entry>) =>
    [...entries].map(([key, { value }]) => `${key}=${value}`).join() || "none";
  made.etcd.lists = first;
  const watch = new RangeWatch({
    api: made.etcd,
    hub: made.hub,
    options: made.options,
    range: { key: Buffer.from("orders/"), range_end: Buffer.from("orders0") },
    observer: {
      changed: (entries, changes) => told.push(`${show(entries)} (${changes})`),
      away: () => told.push("away"),
      confirmed: () => told.push("confirmed"),
      restarted: () => told.push("restarted"),
      ...observer,
    },
    what: "watch of orders",
  });
  watch.start();
  await made.clock.run(0);
  const tell = () => told.splice(0);
  return { ...made, watch, tell };
}

const emptyIsDoubtful = { doubts: (entries: ReadonlyMap<string, Entry>) => entries.size === 0 };

describe("a range that is watched", () => {
  test("is listed, and watched from there; what is known already is not told again", async () => {
    const { etcd, tell } = await watching(() => list(7, "a=1", "b=2"));
    expect(tell()).toEqual(["a=1,b=2 (2)"]);
    expect(etcd.stream.creates).toEqual(["1: orders/ from 7"]);
    expect(etcd.stream.written[0]?.create_request).toMatchObject({ progress_notify: true, fragment: true });
    etcd.stream.created(1, 7);
    etcd.stream.happens(1, "b=2@7");
    expect(tell()).toEqual([]);
    etcd.stream.happens(1, "c=3@8", "a@8", "b=4@9");
    expect(tell()).toEqual(["b=4,c=3 (3)"]);
    expect(etcd.asked).toBe(1);
  });

  test("tells too where a key is under another lease than before, by an event and by a list", async () => {
    const leases: unknown[] = [];
    const { etcd, clock } = await watching(() => list(7, "a=1"), {
      changed: (entries, changes) => leases.push([entries.get("a")?.lease, changes]),
    });
    etcd.stream.created(1, 7);
    const [first, second] = [event("a=1@8"), event("a=1@9")];
    etcd.stream.says(1, { events: [{ ...first, kv: { ...first.kv, lease: "77" } }] });
    etcd.lists = () => ({ ...list(9), kvs: [{ ...second.kv, lease: "78" }] });
    etcd.stream.says(1, { canceled: true, compact_revision: "9" });
    await clock.run(400);
    expect(leases).toEqual([
      ["0", 1],
      ["77", 1],
      ["78", 1],
    ]);
  });

  test("goes on after an interruption with the last revision it knows, which is not told again, without another list", async () => {
    const { etcd, clock, tell } = await watching(() => list(7, "a=1"));
    etcd.stream.created(1, 7);
    etcd.stream.happens(1, "b=2@12");
    tell();
    etcd.stream.breaks();
    await clock.run(400);
    expect(tell()).toEqual(["away"]);
    expect(etcd.stream.creates).toEqual(["1: orders/ from 12"]);
    etcd.stream.created(1, 20);
    expect(tell()).toEqual(["restarted", "a=1,b=2 (0)"]);
    etcd.stream.happens(1, "b=2@12", "a@15");
    expect(tell()).toEqual(["b=2 (1)"]);
    expect(etcd.asked).toBe(1);
  });

  test("what etcd has said of its own progress need not be said again", async () => {
    const { etcd, clock, tell } = await watching(() => list(7, "a=1"));
    etcd.stream.created(1, 7);
    tell();
    etcd.stream.says(1, { header: header(500) });
    expect(tell()).toEqual(["confirmed"]);
    etcd.stream.breaks();
    await clock.run(400);
    expect(etcd.stream.creates).toEqual(["1: orders/ from 500"]);
  });

  test("a sign of life confirms the picture, and its revision counts for nothing", async () => {
    const { etcd, clock, tell } = await watching(() => list(7, "a=1"));
    etcd.stream.created(1, 7);
    tell();
    await clock.run(2_500);
    etcd.stream.created(2, 900);
    expect(tell()).toEqual(["confirmed"]);
    etcd.stream.breaks();
    await clock.run(400);
    expect(etcd.stream.creates).toEqual(["1: orders/ from 7"]);
  });

  test("events that are known already change nothing", async () => {
    const { etcd, tell } = await watching(() => list(7, "a=1"));
    etcd.stream.created(1, 7);
    etcd.stream.happens(1, "b=2@9");
    tell();
    etcd.stream.happens(1, "a@3", "b=0@9");
    expect(tell()).toEqual([]);
    etcd.stream.happens(1, "b=0@9", "c=3@10");
    expect(tell()).toEqual(["a=1,b=2,c=3 (1)"]);
  });

  test("what has been compacted meanwhile is listed once", async () => {
    const { etcd, clock, tell, logger } = await watching(() => list(7, "a=1", "b=2"));
    etcd.stream.created(1, 7);
    tell();
    etcd.stream.says(1, { canceled: true, compact_revision: "30" });
    etcd.lists = () => list(40, "b=2", "c=3");
    await clock.run(400);
    expect(tell()).toEqual(["b=2,c=3 (2)"]);
    expect(etcd.stream.creates).toEqual(["1: orders/ from 40"]);
    expect(etcd.asked).toBe(2);
    expect(logger.lines.map(({ fields }) => String(fields["err"]))).toEqual([expect.stringContaining("compacted")]);
  });

  test("is away while it cannot be listed, and tells once it can", async () => {
    const { etcd, clock, tell } = await watching(() => {
      throw unavailable("connection refused");
    });
    await clock.run(400);
    expect(tell()).toEqual(["away", "away"]);
    etcd.lists = () => list(7, "a=1");
    await clock.run(800);
    expect(tell()).toEqual(["a=1 (1)"]);
  });

  test("is away while a list takes longer than a sign of life may, which says that leases may have ended meanwhile", async () => {
    let answer: (answered: ReturnType<typeof list>) => void = () => {};
    const { clock, tell } = await watching(() => new Promise((resolve) => (answer = resolve)));
    await clock.run(2_499);
    expect(tell()).toEqual([]);
    await clock.run(1);
    expect(tell()).toEqual(["away"]);
    answer(list(7, "a=1"));
    await clock.run(0);
    expect(tell()).toEqual(["a=1 (1)"]);
  });

  test("a slow list does not end the watch, which goes on telling what happens", async () => {
    const { clock, etcd, tell } = await watching(() => list(7, "a=1"), {}, { resyncMs: 2_000 });
    etcd.stream.created(1, 7);
    tell();
    let answer: (answered: ReturnType<typeof list>) => void = () => {};
    etcd.lists = () => new Promise((resolve) => (answer = resolve));
    await clock.run(2_000);
    etcd.stream.says(99, {});
    await clock.run(2_000);
    etcd.stream.says(99, {});
    await clock.run(500);
    expect(tell()).toEqual(["away"]);
    etcd.stream.happens(1, "b=2@8");
    answer(list(8, "a=1", "b=2"));
    await clock.run(0);
    expect(tell()).toEqual(["a=1,b=2 (1)", "confirmed"]);
  });

  test("ends with nothing left behind, even while etcd owes it an answer", async () => {
    const never = new Promise<never>(() => {});
    for (const first of [() => list(7, "a=1"), () => never]) {
      const { clock, etcd, tell, watch } = await watching(first);
      if (etcd.streams.length > 0) etcd.stream.created(1, 7);
      tell();
      await watch.close();
      expect(etcd.asked).toBe(1);
      expect(clock.pending).toBe(0);
      expect(etcd.streams.every(({ cancelled }) => cancelled)).toBe(true);
      await clock.run(1_000_000);
      expect(tell()).toEqual([]);
    }
  });
});

describe("now and then all is listed again", () => {
  const minute = 60_000;
  /** The stream stays alive meanwhile. */
  async function pass(made: Awaited<ReturnType<typeof watching>>, ms: number) {
    for (let left = ms; left > 0; left -= 2_500) {
      made.etcd.stream.emit("data", { header: header(1), watch_id: "99", events: [] });
      await made.clock.run(Math.min(left, 2_500));
    }
  }

  test("every five minutes, give or take a fifth, and what is the same is only confirmed", async () => {
    for (const [random, minutes] of [
      [0, 4],
      [0.5, 5],
    ] as const) {
      const made = await watching(() => list(7, "a=1"), {}, { random: () => random });
      made.etcd.stream.created(1, 7);
      await pass(made, minutes * minute - 1);
      expect(made.etcd.asked).toBe(1);
      made.tell();
      await made.clock.run(1);
      expect(made.etcd.asked).toBe(2);
      expect(made.tell()).toEqual(["confirmed"]);
      await pass(made, minutes * minute);
      expect(made.etcd.asked).toBe(3);
    }
  });

  test("an event that etcd has lost is noticed then", async () => {
    const made = await watching(() => list(7, "a=1"));
    made.etcd.stream.created(1, 7);
    made.tell();
    made.etcd.lists = () => list(9, "b=2");
    await pass(made, 5 * minute);
    expect(made.tell()).toEqual(["b=2 (2)"]);
    made.etcd.stream.happens(1, "a@8", "b=2@9");
    expect(made.tell()).toEqual([]);
  });

  test("what happens while the list is on its way is told at once, and not undone by it", async () => {
    const made = await watching(() => list(7, "a=1"));
    made.etcd.stream.created(1, 7);
    made.tell();
    let answer: (answered: ReturnType<typeof list>) => void = () => {};
    made.etcd.lists = () => new Promise((resolve) => (answer = resolve));
    await pass(made, 5 * minute);
    made.etcd.stream.happens(1, "b=2@9");
    made.etcd.stream.happens(1, "c=3@11");
    expect(made.tell()).toEqual(["a=1,b=2 (1)", "a=1,b=2,c=3 (1)"]);
    answer(list(10, "a=1", "b=2"));
    await made.clock.run(0);
    expect(made.tell()).toEqual(["confirmed"]);
    made.etcd.stream.breaks();
    await made.clock.run(400);
    expect(made.etcd.stream.creates).toEqual(["1: orders/ from 11"]);
  });

  test("any number of events may happen at once while it is on its way", async () => {
    const told: unknown[] = [];
    const made = await watching(() => list(7, "a=1"), {
      changed: (entries, changes) => told.push([entries.size, changes]),
    });
    made.etcd.stream.created(1, 7);
    let answer: (answered: ReturnType<typeof list>) => void = () => {};
    made.etcd.lists = () => new Promise((resolve) => (answer = resolve));
    await pass(made, 5 * minute);
    made.etcd.stream.says(1, { events: Array.from({ length: 200_000 }, () => event("b=2@8")) });
    answer(list(7, "a=1"));
    await made.clock.run(0);
    expect(told).toEqual([
      [1, 1],
      [2, 200_000],
    ]);
  });

  test("a list that fails means that etcd is away, although the stream stands", async () => {
    const made = await watching(() => list(7, "a=1"));
    made.etcd.stream.created(1, 7);
    made.tell();
    made.etcd.lists = () => {
      throw unavailable("no leader");
    };
    await pass(made, 5 * minute);
    expect(made.tell()).toEqual(["away"]);
    made.etcd.lists = () => list(9, "a=1");
    await made.clock.run(400);
    expect(made.tell()).toEqual(["a=1 (0)"]);
  });
});

describe("an etcd whose data is not what it was", () => {
  test("wiped or put back from a backup: its revision is lower, and it is listed and watched anew", async () => {
    const { etcd, clock, tell } = await watching(() => list(700, "a=1", "b=2"));
    etcd.stream.created(1, 700);
    etcd.stream.breaks();
    etcd.lists = () => list(5, "a=1");
    await clock.run(400);
    tell();
    etcd.stream.created(1, 5);
    await clock.run(400);
    expect(etcd.stream.creates.at(-1)).toBe("1: orders/ from 5");
    etcd.stream.created(1, 5);
    expect(tell()).toEqual(["restarted", "away", "restarted", "a=1 (1)"]);
    etcd.stream.happens(1, "c=3@6");
    expect(tell()).toEqual(["a=1,c=3 (1)"]);
    expect(etcd.asked).toBe(2);
  });

  test("a member that lags behind is not taken for that", async () => {
    const { etcd, clock, tell } = await watching(() => list(700, "a=1"));
    etcd.stream.created(1, 700);
    etcd.stream.breaks();
    etcd.lists = () => list(702, "a=1", "b=2");
    await clock.run(400);
    tell();
    etcd.stream.created(1, 698);
    await clock.run(0);
    expect(tell()).toEqual(["restarted", "a=1,b=2 (1)"]);
    etcd.stream.happens(1, "a=0@701", "c=3@703");
    expect(tell()).toEqual(["a=1,b=2,c=3 (1)"]);
    expect(etcd.streams).toHaveLength(2);
  });

  test("another etcd in its place is listed, whatever its revision", async () => {
    const { etcd, clock, tell } = await watching(() => list(7, "a=1"));
    etcd.stream.created(1, 7);
    etcd.stream.breaks();
    etcd.lists = () => ({ ...list(900, "z=1"), header: header(900, { cluster_id: "2" }) });
    await clock.run(400);
    tell();
    etcd.stream.says(1, { created: true, header: header(900, { cluster_id: "2" }) });
    await clock.run(400);
    expect(etcd.stream.creates.at(-1)).toBe("1: orders/ from 900");
    etcd.stream.says(1, { created: true, header: header(900, { cluster_id: "2" }) });
    expect(tell()).toEqual(["away", "z=1 (2)", "restarted"]);
  });

  test("wiped, and written to since beyond what was known: its term is lower", async () => {
    const { etcd, clock, tell } = await watching(() => list(7, "a=1", "b=2"));
    etcd.stream.created(1, 7);
    etcd.stream.breaks();
    const wiped = header(900, { raft_term: "2" });
    etcd.lists = () => ({ ...list(900, "a=1"), header: wiped });
    await clock.run(400);
    tell();
    etcd.stream.says(1, { created: true, header: wiped });
    await clock.run(400);
    expect(etcd.stream.creates.at(-1)).toBe("1: orders/ from 900");
    etcd.stream.says(1, { created: true, header: wiped });
    expect(tell()).toEqual(["restarted", "away", "restarted", "a=1 (1)"]);
    expect(etcd.asked).toBe(2);
  });

  test("noticed only when all is listed again: it counts as an outage, so that whoever is missing is waited for", async () => {
    const { etcd, clock, tell } = await watching(() => list(700, "a=1", "b=2"), {}, { resyncMs: 2_000 });
    etcd.stream.created(1, 700);
    etcd.lists = () => list(5, "a=1");
    tell();
    await clock.run(2_000);
    expect(tell()).toEqual(["away"]);
    await clock.run(400);
    etcd.stream.created(1, 5);
    expect(tell()).toEqual(["restarted", "a=1 (1)"]);
  });
});

describe("a set that is too bad to be true", () => {
  test("is told once another list says the same", async () => {
    const { etcd, clock, tell } = await watching(() => list(7, "a=1"), emptyIsDoubtful);
    etcd.stream.created(1, 7);
    tell();
    etcd.lists = () => list(8);
    etcd.stream.happens(1, "a@8");
    expect(tell()).toEqual([]);
    await clock.run(0);
    expect(tell()).toEqual(["none (1)"]);
    expect(etcd.asked).toBe(2);
  });

  test("is forgotten where the list says otherwise", async () => {
    const { etcd, clock, tell } = await watching(() => list(7, "a=1"), emptyIsDoubtful);
    etcd.stream.created(1, 7);
    tell();
    etcd.lists = () => list(9, "a=1");
    etcd.stream.happens(1, "a@8");
    await clock.run(0);
    expect(tell()).toEqual(["a=1 (2)"]);
  });

  test("is forgotten where somebody appears before the list has come", async () => {
    const { etcd, clock, tell } = await watching(() => list(7, "a=1"), emptyIsDoubtful);
    etcd.stream.created(1, 7);
    tell();
    let answer: (answered: ReturnType<typeof list>) => void = () => {};
    etcd.lists = () => new Promise((resolve) => (answer = resolve));
    etcd.stream.happens(1, "a@8");
    await clock.run(0);
    etcd.stream.happens(1, "b=2@9");
    expect(tell()).toEqual(["b=2 (2)"]);
    answer(list(8));
    await clock.run(0);
    expect(tell()).toEqual(["confirmed"]);
  });

  test("is not told while the list fails: what was told last stays, and is stale", async () => {
    const { etcd, clock, tell } = await watching(() => list(7, "a=1"), emptyIsDoubtful);
    etcd.stream.created(1, 7);
    tell();
    etcd.lists = () => {
      throw unavailable("no leader");
    };
    etcd.stream.happens(1, "a@8");
    await clock.run(400);
    expect(tell()).toEqual(["away", "away"]);
    etcd.lists = () => list(8);
    await clock.run(800);
    expect(tell()).toEqual(["none (1)"]);
  });

  test("is asked for once more where a list says so itself", async () => {
    const { etcd, clock, tell } = await watching(() => list(7, "a=1"), emptyIsDoubtful);
    etcd.stream.created(1, 7);
    tell();
    const answers = [list(30), list(31, "a=1")];
    etcd.lists = () => answers.shift() ?? list(31, "a=1");
    etcd.stream.says(1, { canceled: true, compact_revision: "20" });
    await clock.run(400);
    expect(etcd.asked).toBe(3);
    expect(tell()).toEqual(["a=1 (2)"]);
  });
});

describe("what is known of a range", () => {
  test("is what an etcd that forgets nothing would say, however often and in whatever batches it is told", () => {
    const happening = fc.record({ key: fc.constantFrom("a", "b", "c"), put: fc.option(fc.constantFrom("1", "2")) });
    const history = fc.array(happening, { maxLength: 30 });
    const replays = fc.array(fc.record({ from: fc.nat(30), length: fc.integer({ min: 1, max: 6 }) }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(history, replays, fc.nat(30), (happened, told, listedAt) => {
        const events = happened.map(({ key, put }, index) =>
          event(put === null ? `${key}@${index + 1}` : `${key}=${put}@${index + 1}`),
        );
        const asOf = (count: number) => {
          const values = new Map<string, string>();
          for (const { key, put } of happened.slice(0, count)) {
            if (put === null) values.delete(key);
            else values.set(key, put);
          }
          return values;
        };
        const state = new RangeState();
        const start = Math.min(listedAt, events.length);
        state.list(list(start, ...[...asOf(start)].map(([key, value]) => `${key}=${value}`)), 0n);
        for (const { from, length } of told) {
          // Never with a gap; as often as it pleases with what is known already.
          const begin = Math.min(from, Number(state.revision));
          state.apply(events.slice(begin, begin + length));
          const expected = [...asOf(Number(state.revision))].sort();
          expect([...state.entries].map(([key, { value }]) => [key, value.toString()]).sort()).toEqual(expected);
        }
      }),
    );
  });
});
