import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Fields, HpackDecoder, HpackEncoder } from "../../../../src/transport/http2/hpack/hpack.js";
import { eventually } from "../../../support/eventually.js";
import { Setting } from "../../../support/http2/constants.js";
import { headers, settings } from "../../../support/http2/frames.js";
import { RawListener } from "../../../support/http2/raw-listener.js";
import { RawPeer } from "../../../support/http2/raw-peer.js";
import { isHeaders, isSettings } from "../../../support/http2/received.js";
import { encode, fieldsOf } from "./blocks.js";

const tableSizes = [4096, 0, 60, 300, 65_536];

/** Requests as one client sends them, most of it again and again: 60 of them, the same in each run. */
const visible = fc.string({ unit: fc.constantFrom(..."abcXYZ0189-_.!#~,;=/"), maxLength: 40 });
const other = fc.tuple(
  fc.constantFrom(
    "grpc-timeout",
    "traceparent",
    "x-tenant",
    "authorization",
    "cookie",
    "x-long-name-of-a-field",
    "b-bin",
  ),
  fc.oneof(visible, fc.constantFrom("blue", "green", "1000m"), fc.constant("long".repeat(300))),
);
const others = fc.uniqueArray(other, { maxLength: 5, selector: ([name]) => name });
const lists: readonly Fields[] = fc.sample(others, { numRuns: 60, seed: 7541 }).map((pairs) => pairs.flat());
const head = (i: number): Fields => [
  ...[
    ":method",
    "POST",
    ":scheme",
    "http",
    ":authority",
    "shop.example:50051",
    ":path",
    `/shop.v1.Orders/Place${i % 20}`,
  ],
  ...["content-type", "application/grpc+proto", "te", "trailers", "user-agent", `hawser/${i % 3}`],
];
const requests: readonly Fields[] = lists.map((extra, i) => [...head(i), ...extra]);

describe("node:http2 and this room understand each other over one connection", () => {
  it.each(tableSizes)("as it encodes and we decode, with a table of %d bytes", async (tableBytes) => {
    const decoder = new HpackDecoder({ maxTableBytes: tableBytes, maxListBytes: 65_536 });
    const listener = await RawListener.start({ greeting: [settings([[Setting.HEADER_TABLE_SIZE, tableBytes]])] });
    const client = http2.connect(listener.address.replace("grpc:", "http:"));
    onTestFinished(async () => {
      client.destroy();
      await listener.close();
    });
    await once(client, "remoteSettings");

    for (const fields of requests) {
      client.request(Object.fromEntries(pairsOf(fields)), { endStream: true }).on("error", () => undefined);
    }
    const peer = await listener.accept();
    for (const fields of requests) {
      const { payload } = await peer.next(isHeaders());
      expect(fieldsOf(decoder.decode(payload, 0, payload.length))).toEqual(fields);
    }
  });

  it.each(tableSizes)(
    "as we encode and it decodes, with a table of %d bytes that changes on the way",
    async (tableBytes) => {
      const encoder = new HpackEncoder();
      const received: Fields[] = [];
      const sessions: http2.ServerHttp2Session[] = [];
      const server = http2.createServer({ settings: { headerTableSize: tableBytes } });
      server.on("session", (session) => sessions.push(session));
      server.on("stream", (...[stream, , , raw]: [http2.ServerHttp2Stream, unknown, unknown, Fields]) => {
        received.push([...raw]);
        stream.on("error", () => undefined);
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const peer = await RawPeer.connect(`grpc://127.0.0.1:${(server.address() as AddressInfo).port}`);
      onTestFinished(async () => {
        await peer.close();
        server.close();
      });

      const templates = Array.from({ length: 60 }, (_, i) => encoder.template(head(i)));
      for (const [phase, nextTableBytes] of [200, 0, 4096].entries()) {
        const { values } = await peer.next(isSettings);
        encoder.setMaxTableBytes(values.get(Setting.HEADER_TABLE_SIZE) ?? 4096);
        for (let i = 20 * phase; i < 20 * (phase + 1); i++) {
          const block = encode(encoder, templates[i] as (typeof templates)[0], lists[i] as Fields);
          peer.write(headers(peer.nextId(), block, { end: true }));
        }
        await eventually(() => expect(received.length).toBe(20 * (phase + 1)));
        sessions[0]?.settings({ headerTableSize: nextTableBytes });
      }
      expect(received).toEqual(requests);
    },
  );
});

function pairsOf(fields: Fields): (readonly [string, string])[] {
  return fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1] as string] as const] : []));
}
