import type { IRangeRequest, IRangeResponse } from "etcd3";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { EtcdConnection } from "../../src/registry/etcd/connection/connection.js";
import { inPages } from "../../src/registry/etcd/connection/pages.js";
import { etcdRegistry } from "../../src/registry/etcd/etcd.js";
import { resolveEtcdOptions } from "../../src/registry/etcd/options.js";
import { EtcdServer } from "../support/etcd.js";
import { Follower } from "./follower.js";
import { header, list } from "./scripted-etcd.js";

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const range = { key: Buffer.from("k/"), range_end: Buffer.from("k0") };
const nameOf = (index: number) => `k/${String(index).padStart(5, "0")}`;

/** An etcd with so many keys at revision 7, of which only a few, `heavy`, fit into a message; it writes down what it is asked. */
function etcdWith(count: number, heavy: ReadonlySet<number> = new Set(), fit = 1) {
  const asked: string[] = [];
  const ask = async ({ key, limit, revision }: IRangeRequest): Promise<IRangeResponse> => {
    asked.push(`${limit}${revision === undefined ? "" : ` at ${revision}`}`);
    const keys = Array.from({ length: count }, (_, index) => nameOf(index));
    const rest = keys.filter((each) => Buffer.from(each).compare(key!) >= 0);
    const page = rest.slice(0, Number(limit));
    if (page.filter((each) => heavy.has(Number(each.slice(2)))).length > fit) {
      throw new Error("8 RESOURCE_EXHAUSTED: Received message larger than max (17000000 vs. 16777216)");
    }
    const now = header(revision === undefined ? 7 : 9);
    return { ...list(7, ...page.map((each) => `${each}=1`)), header: now, more: page.length < rest.length };
  };
  return { ask, asked };
}

describe("a range that is listed", () => {
  test("comes in one page where it is small, and in pages of one revision where it is not", async () => {
    const small = etcdWith(500);
    expect((await inPages(range, small.ask)).kvs).toHaveLength(500);
    expect(small.asked).toEqual(["500"]);
    const large = etcdWith(1_200);
    const answer = await inPages(range, large.ask);
    expect(large.asked).toEqual(["500", "500 at 7", "500 at 7"]);
    expect(answer).toMatchObject({ header: { revision: "7" }, more: false });
  });

  test("comes whole, each key once and in order, however many there are and whichever of them are huge", async () => {
    const huge = fc.uniqueArray(fc.nat(1_500), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.nat(1_500), huge, fc.integer({ min: 1, max: 5 }), async (count, heavy, fit) => {
        const { kvs } = await inPages(range, etcdWith(count, new Set(heavy), fit).ask);
        expect(kvs.map(({ key }) => key.toString())).toEqual(Array.from({ length: count }, (_, at) => nameOf(at)));
      }),
      { numRuns: 50 },
    );
  });

  test("fails where one value alone is too large, and where anything else is wrong", async () => {
    const hopeless = etcdWith(3, new Set([1]), 0);
    await expect(inPages(range, hopeless.ask)).rejects.toThrow("message larger than max");
    expect(hopeless.asked.at(-1)).toBe("1 at 7");
    const full = async () => {
      throw new Error("8 RESOURCE_EXHAUSTED: etcdserver: too many requests");
    };
    await expect(inPages(range, full)).rejects.toThrow("too many requests");
  });
});

test("values that are too large for one message together hide nobody who is well", async () => {
  const server = await EtcdServer.start();
  cleanups.push(() => server.stop());
  const connection = new EtcdConnection(resolveEtcdOptions({ hosts: server.endpoint }));
  cleanups.push(() => connection.close());
  const put = (id: string, value: string) => {
    const key = Buffer.from(`/hawser/instances/orders/${id}`);
    return connection.txn({ success: [{ request_put: { key, value: Buffer.from(value) } }] });
  };
  await put("orders-1", JSON.stringify({ id: "orders-1", service: "orders" }));
  const hostile = "x".repeat(1_450_000);
  for (let index = 0; index < 16; index++) await put(`huge-${index}`, hostile);
  const registry = etcdRegistry({ hosts: server.endpoint });
  cleanups.push(() => registry.close());
  await new Follower(registry, "orders").untilIds("orders-1");
  expect(await registry.list()).toMatchObject([{ name: "orders", instances: 1 }]);
});
