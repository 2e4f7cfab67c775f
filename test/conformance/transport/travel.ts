import { expect } from "vitest";
import { collect } from "../../support/collect.js";
import { Moment } from "../../support/moment.js";
import type { Story } from "./story.js";

const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** What goes along by itself from call to call. */
export function travel(story: Story): void {
  story("what is declared to travel goes along nested calls, and nothing else does", async (stage) => {
    const inventory = await stage.play();
    const orders = await stage.play({ unary: () => inventory.client.unary({}) });
    const { client } = await stage.play({ unary: () => orders.client.unary({}) });
    const { metadata } = await client.unary(
      {},
      {
        metadata: {
          "x-hawser-global-tenant": ["7", "8"],
          "x-hawser-global-seal-bin": Uint8Array.of(0, 255),
          traceparent: trace,
          tracestate: "a=1",
          baggage: "user=ada",
          authorization: "Bearer secret",
          "x-tenant": "7",
          "x-hawser-local": "stay",
        },
      },
    );
    expect(metadata).toEqual({
      "x-hawser-global-tenant": "7,8",
      "x-hawser-global-seal-bin": Buffer.from([0, 255]).toString("base64"),
      traceparent: trace,
      tracestate: "a=1",
      baggage: "user=ada",
    });
  });

  story("it goes along from handlers of every shape", async (stage) => {
    const inventory = await stage.play();
    const { client } = await stage.play({
      clientStream: async (requests) => {
        await collect(requests);
        return inventory.client.unary({});
      },
      async *serverStream() {
        yield {};
        yield inventory.client.unary({});
      },
      async *bidi(requests) {
        for await (const _ of requests) yield await inventory.client.unary({});
      },
    });
    const options = { metadata: { "x-hawser-global-tenant": "7" } };
    const answers = [
      await client.clientStream([{}], options),
      ...(await collect(client.serverStream({}, options))).slice(1),
      ...(await collect(client.bidi([{}, {}], options))),
    ];
    expect(answers.map(({ metadata }) => metadata)).toEqual(Array(4).fill({ "x-hawser-global-tenant": "7" }));
  });

  story(
    "a stream of requests runs, and ends, in the call that makes it, and not in the one it is for",
    async (stage) => {
      const pantry = await stage.play();
      const inventory = await stage.play({
        clientStream: async (requests) => {
          for await (const _ of requests) break;
          return {};
        },
      });
      const over = new Moment();
      const seen: unknown[] = [];
      const look = async () => seen.push((await pantry.client.unary({})).metadata["x-hawser-global-tenant"]);
      async function* requests() {
        try {
          await look();
          yield {};
          yield {};
        } finally {
          await look();
          over.now();
        }
      }
      const { client } = await stage.play({
        unary: async () => {
          await inventory.client.clientStream(requests(), { metadata: { "x-hawser-global-tenant": "9" } });
          await over.promise;
          return {};
        },
      });
      await client.unary({}, { metadata: { "x-hawser-global-tenant": "7" } });
      expect(seen).toEqual(["7", "7"]);
    },
  );

  story("streams of requests that wait for one connection run each in its own call", async (stage) => {
    const pantry = await stage.play();
    const inventory = await stage.play();
    const { client } = await stage.play({
      unary: async () => {
        let metadata: { [key: string]: string } = {};
        async function* requests() {
          metadata = (await pantry.client.unary({})).metadata;
          yield {};
        }
        await inventory.client.clientStream(requests());
        return { metadata };
      },
    });
    const tenants = ["7", "8", "9"];
    const answers = await Promise.all(
      tenants.map((tenant) => client.unary({}, { metadata: { "x-hawser-global-tenant": tenant } })),
    );
    expect(answers.map(({ metadata }) => metadata["x-hawser-global-tenant"])).toEqual(tenants);
  });

  story("what a nested call says itself comes before what would travel", async (stage) => {
    const inventory = await stage.play();
    const { client } = await stage.play({
      unary: () => inventory.client.unary({}, { metadata: { "x-hawser-global-tenant": "9", "x-own": "1" } }),
    });
    const { metadata } = await client.unary({}, { metadata: { "x-hawser-global-tenant": "7" } });
    expect(metadata).toEqual({ "x-hawser-global-tenant": "9", "x-own": "1" });
  });

  story("a downstream's header and trailer are never relayed by accident", async (stage) => {
    const inventory = await stage.play({
      unary: (_request, call) => {
        call.header.set("x-secret", "h").set("x-hawser-global-tenant", "h");
        call.trailer.set("x-secret", "t");
        return {};
      },
    });
    const { client } = await stage.play({ unary: () => inventory.client.unary({}) });
    const received: string[] = [];
    await client.unary(
      {},
      { onHeader: (each) => received.push(...each.keys()), onTrailer: (each) => received.push(...each.keys()) },
    );
    expect(received).toEqual([]);
  });

  story("calls made outside a handler carry nothing of calls that run at the same time", async (stage) => {
    const inventory = await stage.play();
    const { client } = await stage.play({ unary: () => inventory.client.unary({}) });
    const [travelled, own] = await Promise.all([
      client.unary({}, { metadata: { "x-hawser-global-tenant": "7" } }),
      inventory.client.unary({}),
    ]);
    expect(travelled.metadata).toEqual({ "x-hawser-global-tenant": "7" });
    expect(own.metadata).toEqual({});
  });
}
