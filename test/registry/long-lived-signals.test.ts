import { EventEmitter } from "node:events";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ConsulApi } from "../../src/registry/consul/api.js";
import { resolveConsulOptions } from "../../src/registry/consul/options.js";
import { Members } from "../../src/registry/etcd/connection/members.js";
import { beat } from "../../src/registry/etcd/lease/heartbeat.js";
import { resolveEtcdOptions } from "../../src/registry/etcd/options.js";
import { unlessAborted } from "../../src/registry/etcd/unless-aborted.js";
import { RangeWatch } from "../../src/registry/etcd/watch/range-watch.js";
import { WatchHub } from "../../src/registry/etcd/watch/watch-hub.js";
import type { KubernetesApi } from "../../src/registry/kubernetes/api.js";
import { HttpConnection } from "../../src/registry/kubernetes/connection.js";
import { resolveKubernetesOptions } from "../../src/registry/kubernetes/options.js";
import { SliceWatch } from "../../src/registry/kubernetes/slice-watch.js";
import type { Feed } from "../../src/registry/service-view.js";
import { sleep } from "../../src/time/time.js";
import { eventually } from "../support/eventually.js";
import { FakeKubernetesApi } from "../support/fake-kubernetes-api.js";
import { ManualClock } from "../support/manual-clock.js";
import { memoryInUse } from "../support/memory-in-use.js";
import { hearersOf } from "./hearers.js";
import { ScriptedEtcd } from "./scripted-etcd.js";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  vi.unstubAllGlobals();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Of all signals that are made from now on, what the one says that most hear of. */
function mostHearers(): () => number {
  const made: AbortSignal[] = [];
  const Original = AbortController;
  vi.stubGlobal(
    "AbortController",
    class extends Original {
      constructor() {
        super();
        made.push(this.signal);
      }
    },
  );
  return () => Math.max(...made.map(hearersOf));
}

const long = () => new AbortController().signal;
const nobody: Feed = { service: "orders", publish() {}, markStale() {}, confirm() {} };

test("a Consul that is away for long keeps nothing of those who no longer wait for it", async () => {
  const api = new ConsulApi(resolveConsulOptions({ address: "127.0.0.1:1", clock: new ManualClock(0) }));
  cleanups.push(() => api.close());
  await expect(api.services()).rejects.toThrow(/ECONNREFUSED/);
  const waitAndGiveUp = async (times: number) => {
    for (let time = 0; time < times; time++) {
      const patience = new AbortController();
      const waiting = api.untilBack(patience.signal);
      patience.abort();
      await waiting;
    }
  };
  await waitAndGiveUp(1_000);
  const before = await memoryInUse();
  await waitAndGiveUp(20_000);
  expect((await memoryInUse()) - before).toBeLessThan(2_000_000);
});

describe("a signal that lives for long keeps nothing of what has ended:", () => {
  test("a promise that was waited for, whichever way it went", async () => {
    const signal = long();
    await unlessAborted(Promise.resolve(1), signal, () => {});
    await expect(unlessAborted(Promise.reject(new Error("no")), signal, () => {})).rejects.toThrow("no");
    expect(hearersOf(signal)).toBe(0);
  });

  test("the streams over which a lease of etcd is renewed", async () => {
    const signal = long();
    const stream = Object.assign(new EventEmitter(), { end() {}, cancel() {}, write() {} });
    const etcd = Object.assign(new ScriptedEtcd(), { keepAlive: async () => stream });
    const options = resolveEtcdOptions({ hosts: "127.0.0.1:1", clock: new ManualClock(0) });
    const beating = beat({ api: etcd as never, options, leaseId: "1", everyMs: 1_000, signal }, () => {});
    expect(hearersOf(signal)).toBe(1);
    await new Promise(setImmediate);
    stream.emit("error", new Error("connection reset"));
    await expect(beating).rejects.toThrow("connection reset");
    expect(hearersOf(signal)).toBe(0);
  });

  test("the probes of an etcd that is away", async () => {
    const signal = long();
    const members = new Members(resolveEtcdOptions({ hosts: ["127.0.0.1:1", "127.0.0.1:2"] }));
    cleanups.push(() => members.close());
    expect(await members.askAll(() => Promise.reject(new Error("away")), signal)).toBe(false);
    expect(hearersOf(signal)).toBe(0);
  });

  test("the watch streams of etcd, and the watches that etcd has ended", async () => {
    const most = mostHearers();
    const [clock, etcd] = [new ManualClock(0), new ScriptedEtcd()];
    const options = resolveEtcdOptions({ hosts: "127.0.0.1:1", clock, random: () => 0 });
    const hub = new WatchHub(etcd, options);
    const watches = ["orders", "stock"].map((key) => {
      const observer = { changed() {}, away() {} };
      return new RangeWatch({ api: etcd, hub, options, range: { key: Buffer.from(key) }, observer, what: key });
    });
    for (const watch of watches) watch.start();
    cleanups.push(() => Promise.all(watches.map((watch) => watch.close())));
    const round = async () => {
      const { length } = etcd.streams;
      etcd.stream.breaks();
      await clock.run(0);
      expect(etcd.streams).toHaveLength(length + 1);
      const ended = etcd.stream.creates.length;
      etcd.stream.says(1, { canceled: true });
      await clock.run(0);
      expect(etcd.stream.creates).toHaveLength(ended + 1);
    };
    await clock.run(0);
    await round();
    const before = most();
    for (let rounds = 0; rounds < 5; rounds++) await round();
    expect(most()).toBe(before);
  });

  test("the watches of slices", async () => {
    let closing = long();
    const hearers: number[] = [];
    const api: KubernetesApi = {
      list: async (_scope, signal) => {
        closing = signal;
        return { version: "1", slices: [] };
      },
      watch: async (_scope, _version, signal) => {
        hearers.push(hearersOf(closing));
        if (hearers.length === 6) await sleep(new ManualClock(0), 1, signal);
        return oneBatch();
      },
    };
    async function* oneBatch() {
      yield [{ type: "BOOKMARK", object: {} }];
    }
    const options = resolveKubernetesOptions({ server: "http://127.0.0.1:1" });
    const watch = new SliceWatch(nobody, api, options, { namespace: "default", labelSelector: "" });
    watch.start();
    cleanups.push(() => watch.close());
    await eventually(() => expect(hearers).toEqual([1, 1, 1, 1, 1, 1]));
  });

  test("the questions to an API server, answered or not", async () => {
    const signal = long();
    const server = await FakeKubernetesApi.start();
    const connection = new HttpConnection(resolveKubernetesOptions({ server: server.url }));
    cleanups.push(
      () => server.close(),
      () => connection.close(),
    );
    const answer = await connection.get("/", {}, signal);
    expect(hearersOf(signal)).toBe(1);
    await connection.text(answer);
    await eventually(() => expect(hearersOf(signal)).toBe(0));
    const nowhere = new HttpConnection(resolveKubernetesOptions({ server: "http://127.0.0.1:1" }));
    cleanups.push(() => nowhere.close());
    await expect(nowhere.get("/", {}, signal)).rejects.toThrow(/cannot be asked/);
    expect(hearersOf(signal)).toBe(0);
  });
});
