import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Collector } from "../../../examples/shop/demo/collector.js";

const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });

const body = JSON.stringify({
  resourceSpans: [
    {
      resource: { attributes: [attribute("service.name", "orders"), attribute("service.instance.id", "orders-1")] },
      scopeSpans: [
        {
          spans: [
            {
              traceId: "t",
              spanId: "2",
              parentSpanId: "1",
              name: "a.v1.A/Do",
              kind: 3,
              startTimeUnixNano: "1700000000000250000",
              endTimeUnixNano: "1700000000001500000",
              attributes: [attribute("rpc.status_code", "OK")],
              events: [
                {
                  name: "attempt",
                  attributes: [
                    { key: "hawser.attempt.number", value: { intValue: 1 } },
                    attribute("hawser.instance.id", "inventory-a"),
                    attribute("rpc.status_code", "OK"),
                  ],
                },
                { name: "exception" },
              ],
            },
          ],
        },
      ],
    },
  ],
});

let other: Collector;
let collector: Collector;
beforeEach(async () => {
  other = new Collector();
  collector = new Collector(`${await other.listen()}/`);
});
afterEach(async () => {
  await collector.close();
  await other.close();
});

const post = async (text: string) =>
  fetch(`${await collector.listen()}/v1/traces`, { method: "POST", body: text, headers: { connection: "close" } });

describe("the collector of the demo", () => {
  it("reads spans as they are exported, and hands them on", async () => {
    const { status } = await post(body);
    await collector.close();

    expect(status).toBe(200);
    expect(collector.spans).toEqual([
      {
        traceId: "t",
        id: "2",
        parentId: "1",
        kind: "client",
        name: "a.v1.A/Do",
        service: "orders",
        process: "orders-1",
        startMs: 1700000000000.25,
        durationMs: 1.25,
        code: "OK",
        attempts: [{ number: 1, instance: "inventory-a", code: "OK" }],
      },
    ]);
    expect(other.spans).toEqual(collector.spans);
    expect(collector.complaint).toBeUndefined();
  });

  it("keeps what it cannot hand on, and says so", async () => {
    await other.close();
    await post(body);
    await collector.close();

    expect(collector.spans).toHaveLength(1);
    expect(collector.complaint).toMatch(/\/v1\/traces: .*ECONNREFUSED/);
  });

  it("refuses what is no export and goes on", async () => {
    expect((await post("tea?")).status).toBe(400);
  });
});
