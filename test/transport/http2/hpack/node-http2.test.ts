import { once } from "node:events";
import http2 from "node:http2";
import net, { type AddressInfo, type Socket } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { type Fields, HpackDecoder, HpackEncoder } from "../../../../src/transport/http2/hpack/hpack.js";
import { eventually } from "../../../support/eventually.js";
import { encode, fieldsOf } from "./blocks.js";

const frameHeaderBytes = 9;
const [headersType, settingsType] = [1, 4];
const [endStream, endHeaders, ack] = [0x1, 0x4, 0x1];
const tableSizeSetting = 1;
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const tableSizes = [4096, 0, 60, 300, 65_536];

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

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
    const received: Fields[] = [];
    const port = await listening(
      net.createServer((socket) => {
        closing.push(() => socket.destroy());
        socket.write(settingsFrame(tableBytes));
        onFrames(socket, preface.length, (type, flags, payload) => {
          if (type === settingsType && (flags & ack) === 0) socket.write(frame(settingsType, ack, 0));
          if (type === headersType) received.push(fieldsOf(decoder.decode(payload, ...blockIn(flags, payload))));
        });
      }),
    );
    const client = http2.connect(`http://127.0.0.1:${port}`);
    closing.push(() => client.destroy());
    await once(client, "remoteSettings");

    for (const fields of requests) {
      client.request(Object.fromEntries(pairsOf(fields)), { endStream: true }).on("error", () => undefined);
    }
    await eventually(() => expect(received.length).toBe(requests.length));
    expect(received).toEqual(requests);
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
      const socket = net.connect(await listening(server), "127.0.0.1");
      closing.push(() => socket.destroy());
      let settings = 0;
      onFrames(socket, 0, (type, flags, payload) => {
        if (type !== settingsType || (flags & ack) !== 0) return;
        for (let at = 0; at < payload.length; at += 6) {
          if (payload.readUInt16BE(at) === tableSizeSetting) encoder.setMaxTableBytes(payload.readUInt32BE(at + 2));
        }
        socket.write(frame(settingsType, ack, 0));
        settings++;
      });
      socket.write(preface + frame(settingsType, 0, 0).toString("latin1"), "latin1");

      const templates = Array.from({ length: 60 }, (_, i) => encoder.template(head(i)));
      for (const [phase, nextTableBytes] of [200, 0, 4096].entries()) {
        await eventually(() => expect(settings).toBe(phase + 1));
        for (let i = 20 * phase; i < 20 * (phase + 1); i++) {
          const block = encode(encoder, templates[i] as (typeof templates)[0], lists[i] as Fields);
          socket.write(frame(headersType, endStream | endHeaders, 2 * i + 1, block));
        }
        await eventually(() => expect(received.length).toBe(20 * (phase + 1)));
        sessions[0]?.settings({ headerTableSize: nextTableBytes });
      }
      expect(received).toEqual(requests);
    },
  );
});

async function listening(server: net.Server | http2.Http2Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  closing.push(() => server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function frame(type: number, flags: number, streamId: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(frameHeaderBytes);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

function settingsFrame(tableBytes: number): Buffer {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(tableSizeSetting, 0);
  payload.writeUInt32BE(tableBytes, 2);
  return frame(settingsType, 0, 0, payload);
}

function onFrames(socket: Socket, skip: number, on: (type: number, flags: number, payload: Buffer) => void): void {
  let waiting: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk]);
    let at = skip;
    while (at + frameHeaderBytes <= waiting.length) {
      const end = at + frameHeaderBytes + waiting.readUIntBE(at, 3);
      if (end > waiting.length) break;
      on(waiting[at + 3] as number, waiting[at + 4] as number, waiting.subarray(at + frameHeaderBytes, end));
      at = end;
    }
    if (at === skip) return;
    waiting = waiting.subarray(at);
    skip = 0;
  });
  socket.on("error", () => undefined);
}

/** Where the block stands between padding and priority. */
function blockIn(flags: number, payload: Buffer): [start: number, end: number] {
  const padded = (flags & 0x8) !== 0;
  const start = (padded ? 1 : 0) + ((flags & 0x20) !== 0 ? 5 : 0);
  return [start, payload.length - (padded ? (payload[0] as number) : 0)];
}

function pairsOf(fields: Fields): (readonly [string, string])[] {
  return fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1] as string] as const] : []));
}
