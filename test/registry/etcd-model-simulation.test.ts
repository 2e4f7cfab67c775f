import { Etcd3, type ITxnRequest, type IWatchRequest, type IWatchResponse } from "etcd3";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { seededRandom } from "../../src/testing/seeded-random.js";
import { EtcdServer } from "../support/etcd.js";
import { History } from "../support/simulated-etcd/history.js";
import { Link } from "../support/simulated-etcd/link.js";
import { SimulatedClient } from "../support/simulated-etcd/simulated-client.js";
import { SimulatedEtcd } from "../support/simulated-etcd/simulated-etcd.js";
import { VirtualClock } from "../support/simulated-etcd/virtual-clock.js";

/** The few calls that both are asked, and their answers as far as they can be the same. */
interface Subject {
  txn(request: ITxnRequest): Promise<unknown>;
  compact(revision: number): Promise<void>;
  grant(ttlS: number): Promise<string>;
  revoke(lease: string): Promise<unknown>;
  /** What a watch stream answers to these requests, in order. */
  watch(requests: readonly IWatchRequest[], answers: number): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

class Simulated implements Subject {
  readonly clock: VirtualClock = new VirtualClock();
  readonly etcd: SimulatedEtcd;
  readonly client: SimulatedClient;

  constructor() {
    const { clock } = this;
    const random = seededRandom(1);
    const history = new History(clock);
    this.etcd = new SimulatedEtcd({ clock, random, history });
    const link = new Link(clock, random);
    const { etcd } = this;
    this.client = new SimulatedClient({ name: "x", etcd, link, clock, history, requestTimeoutMs: 5_000, auth: false });
  }

  txn(request: ITxnRequest): Promise<unknown> {
    return this.#answered(this.client.txn(request));
  }

  async compact(revision: number): Promise<void> {
    this.etcd.compact(revision);
  }

  async grant(ttlS: number): Promise<string> {
    return (await this.#answered(this.client.grant(ttlS * 1_000))).leaseId;
  }

  revoke(lease: string): Promise<unknown> {
    return this.#answered(this.client.revoke(lease));
  }

  async watch(requests: readonly IWatchRequest[], answers: number): Promise<readonly unknown[]> {
    const stream = await this.#answered(this.client.watch());
    const heard: IWatchResponse[] = [];
    stream.on("data", (response) => heard.push(response));
    for (const request of requests) {
      stream.write(request);
      await this.clock.run(100);
    }
    stream.cancel();
    expect(joined(heard)).toHaveLength(answers);
    return joined(heard);
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  async #answered<T>(answer: Promise<T>): Promise<T> {
    const settled = answer.then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error;
      },
    );
    await this.clock.run(1_000);
    return (await settled)();
  }
}

class Real implements Subject {
  readonly #server: EtcdServer;
  readonly #client: Etcd3;

  private constructor(server: EtcdServer) {
    this.#server = server;
    this.#client = new Etcd3({ hosts: server.endpoint });
  }

  static async start(): Promise<Real> {
    return new Real(await EtcdServer.start());
  }

  txn(request: ITxnRequest): Promise<unknown> {
    return this.#client.kv.txn(request);
  }

  async compact(revision: number): Promise<void> {
    await this.#client.kv.compact({ revision: String(revision) });
  }

  async grant(ttlS: number): Promise<string> {
    return (await this.#client.leaseClient.leaseGrant({ TTL: ttlS })).ID;
  }

  revoke(lease: string): Promise<unknown> {
    return this.#client.leaseClient.leaseRevoke({ ID: lease });
  }

  async watch(requests: readonly IWatchRequest[], answers: number): Promise<readonly unknown[]> {
    const stream = await this.#client.watchClient.watch();
    const heard: IWatchResponse[] = [];
    stream.on("data", (response) => heard.push(response));
    stream.on("error", () => {});
    let quiet = 0;
    for (const [at, request] of requests.entries()) {
      stream.write(request);
      // The answers to one request before the next is sent: etcd answers some out of turn.
      const due = Math.ceil(((at + 1) * answers) / requests.length);
      await vi.waitFor(() => expect(heard.length).toBeGreaterThanOrEqual(Math.min(due, answers)), 10_000);
      quiet = heard.length;
    }
    stream.cancel();
    expect(quiet).toBe(answers);
    return joined(heard);
  }

  async close(): Promise<void> {
    this.#client.close();
    await this.#server.stop();
  }
}

/** How much of the past comes at once is etcd's affair. */
function joined(heard: readonly IWatchResponse[]): readonly IWatchResponse[] {
  const responses: IWatchResponse[] = [];
  for (const response of heard) {
    const last = responses.at(-1);
    const goesOn = last?.watch_id === response.watch_id && last.events.length > 0 && response.events.length > 0;
    if (goesOn) responses.splice(-1, 1, { ...response, events: [...last.events, ...response.events] });
    else responses.push(response);
  }
  return responses;
}

/** What is another in every etcd, and what etcd fills in where nobody looks. */
function comparable(answer: unknown, leases: readonly string[]): unknown {
  const text = JSON.stringify(answer, (key, value) => {
    if (["cluster_id", "member_id", "raft_term"].includes(key)) return undefined;
    if (value?.type === "Buffer") return Buffer.from(value.data).toString();
    return value;
  });
  return JSON.parse(leases.reduce((said, lease, at) => said.replaceAll(`"${lease}"`, `"lease ${at}"`), text ?? "null"));
}

const key = (name: string) => Buffer.from(`/a/${name}`);
const all = { key: Buffer.from("/a/"), range_end: Buffer.from("/a0") };
const put = (name: string, value: string, lease?: string) => ({
  request_put: { key: key(name), value: Buffer.from(value), ...(lease !== undefined && { lease }) },
});

describe("the simulated etcd answers as the real one", () => {
  let real: Subject;
  beforeAll(async () => {
    real = await Real.start();
  });
  afterAll(() => real.close());

  test("to transactions, whose leases end, and to watches from the past, from now and from before a compaction", async () => {
    const simulated = new Simulated();
    const answers = await Promise.all([real, simulated].map(story));
    await simulated.close();
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[0]!.length).toBeGreaterThan(20);
  });
});

async function story(etcd: Subject): Promise<readonly unknown[]> {
  const heard: unknown[] = [];
  const leases = [await etcd.grant(60), await etcd.grant(60)] as const;
  const says = async (answer: Promise<unknown>) => {
    const said = await answer.catch((error: Error) => ({ refused: /duplicate key|lease/.exec(error.message)?.[0] }));
    heard.push(comparable(said, leases));
  };
  const is = { value: Buffer.from("1") };
  const has = { key: key("one"), target: "Value", result: "Equal", ...is } as const;
  const underFirst = { key: key("one"), target: "Lease", result: "Equal", lease: leases[0] } as const;
  await says(etcd.txn({ success: [{ request_range: all }] }));
  await says(etcd.txn({ compare: [has, underFirst], success: [], failure: [put("one", "1", leases[0])] }));
  await says(etcd.txn({ compare: [has, underFirst], success: [], failure: [put("one", "1", leases[0])] }));
  await says(etcd.txn({ compare: [{ ...has, key: key("none") }], success: [], failure: [] }));
  for (const target of ["Lease", "Create", "Mod", "Version"] as const) {
    await says(etcd.txn({ compare: [{ key: key("none"), target, result: "Equal" }], success: [], failure: [] }));
    await says(etcd.txn({ compare: [{ key: key("one"), target, result: "Greater" }], success: [], failure: [] }));
  }
  await says(etcd.txn({ success: [put("two", "2", leases[0]), put("three", "3"), { request_range: all }] }));
  await says(etcd.txn({ success: [put("two", "2"), put("two", "3")] }));
  await says(etcd.txn({ success: [put("four", "4"), put("two", "2", "12345")] }));
  await says(etcd.txn({ success: [put("two", "2", leases[1]), { request_delete_range: { key: key("three") } }] }));
  await says(etcd.txn({ success: [{ request_delete_range: { key: key("three") } }] }));
  await says(etcd.revoke(leases[0]).then(() => "revoked"));
  await says(etcd.revoke("12345").then(() => "revoked"));
  await says(etcd.txn({ success: [{ request_range: all }] }));
  const past = { create_request: { ...all, start_revision: "2" } };
  await says(etcd.watch([past], 2));
  await says(etcd.watch([{ create_request: { ...all, start_revision: "2", prev_kv: true } }], 2));
  await says(etcd.watch([{ create_request: all }, { create_request: all }, { cancel_request: { watch_id: "0" } }], 3));
  await says(
    etcd.watch([{ create_request: { ...all, watch_id: "7" } }, { create_request: { ...all, watch_id: "7" } }], 2),
  );
  await says(etcd.watch([{ create_request: { ...all, start_revision: "900" } }, { progress_request: {} }], 2));
  await says(etcd.txn({ success: [put("five", "5", leases[1]), put("six", "6", leases[1])] }));
  await says(etcd.revoke(leases[1]).then(() => "revoked"));
  await says(etcd.txn({ success: [{ request_range: all }] }));
  await etcd.compact(4);
  await says(etcd.watch([past], 2));
  // A deletion at the revision up to which was compacted is never told.
  await says(etcd.watch([{ create_request: { ...all, start_revision: "4" } }], 2));
  return heard;
}
