import { describe, expect, onTestFinished, test } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { type Http2TransportOptions, http2Transport } from "../../../src/transport/http2/http2.js";
import { failure } from "../../support/collect.js";
import { eventually } from "../../support/eventually.js";
import { freePort } from "../../support/free-ports.js";
import { preface } from "../../support/http2/constants.js";
import { FrameReader } from "../../support/http2/frame-reader.js";
import { ManualClock } from "../../support/manual-clock.js";
import { forever, Moment } from "../../support/moment.js";
import { TcpProxy } from "../../support/tcp-proxy.js";
import { hawserClient } from "../hawser-client.js";
import type { InteropClient } from "../peer.js";
import { missing, ServingProgram } from "./program.js";

const program = "grpc-go-strict-server";
const reason = missing(program);

const zeros = (size: number) => ({ body: Buffer.alloc(size) });
const large = { responseSize: 314159, payload: zeros(271828) };

interface Given {
  readonly client: InteropClient;
  readonly server: ServingProgram;
  /** How many connections have been made so far. */
  readonly connections: () => number;
  /** How often the client has probed the first of them. */
  readonly probes: () => number;
}

/** A server of grpc-go with these flags, and a client of ours with these options. */
async function given(flags: readonly string[], options: Http2TransportOptions = {}): Promise<Given> {
  const port = await freePort();
  const server = await ServingProgram.start(port, program, `--port=${port}`, ...flags);
  const proxy = await TcpProxy.to(`grpc://127.0.0.1:${port}`, { record: true });
  const connect = hawserClient((own) => http2Transport({ ...own, ...options }));
  const client = connect(proxy.addressFor(`grpc://127.0.0.1:${port}`), { tls: false });
  onTestFinished(async () => {
    await client.close();
    await proxy.close();
    await server.close();
  });
  return {
    client,
    server,
    connections: () => proxy.accepted,
    probes: () => pingsIn(Buffer.concat(proxy.recordings[0]?.sent ?? [])),
  };
}

function pingsIn(connection: Buffer): number {
  const frames = [...new FrameReader().read(connection.subarray(preface.length))];
  return frames.filter((frame) => frame.kind === "ping" && !frame.ack).length;
}

/** One call in both directions that is answered, and goes on until it is told to end. */
async function conversation(client: InteropClient) {
  const end = new Moment();
  async function* requests() {
    yield { responseParameters: [{ size: 1 }] };
    await end.promise;
    yield { responseParameters: [{ size: 2 }] };
  }
  const responses = client.fullDuplexCall(requests())[Symbol.asyncIterator]();
  expect((await responses.next()).value?.payload?.body.length).toBe(1);
  return {
    end: async () => {
      end.now();
      expect((await responses.next()).value?.payload?.body.length).toBe(2);
      expect((await responses.next()).done).toBe(true);
    },
    ended: responses,
  };
}

describe.skipIf(reason !== undefined)(
  `our client and a strict server of grpc-go${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    test.each([1, 5])("more calls at once than the %i it takes wait for their turn", async (streams) => {
      const { client, connections } = await given([`--max_concurrent_streams=${streams}`]);
      const calls = Array.from({ length: 100 }, () => client.unaryCall(large));
      for (const { payload } of await Promise.all(calls)) expect(payload?.body.length).toBe(314159);
      expect(connections()).toBe(1);
    });

    test("where they may, calls that wait get a further connection", async () => {
      const { client, connections } = await given(["--max_concurrent_streams=1"], { maxConnectionsPerAddress: 3 });
      const talks = await Promise.all([conversation(client), conversation(client), conversation(client)]);
      expect(connections()).toBe(3);
      for (const { end } of talks) await end();
    });

    test("many small calls, each answered by its PINGs, leave the connection as it is", async () => {
      const { client, connections } = await given([]);
      let left = 40_000;
      const loop = async () => {
        while (left-- > 0) await client.unaryCall({ responseSize: 10, payload: zeros(100) });
      };
      await Promise.all(Array.from({ length: 8 }, loop));
      expect(connections()).toBe(1);
    });

    test.each([0, 64 * 1024])("messages of 32 MiB pass through windows of %i bytes (0: its own)", async (window) => {
      const maxReceiveBytes = 40 * 1024 * 1024;
      const { client } = await given([`--window_bytes=${window}`], { maxReceiveBytes });
      const size = 32 * 1024 * 1024;
      const { payload } = await client.unaryCall({ responseSize: size, payload: zeros(size) });
      expect(payload?.body.equals(Buffer.alloc(size))).toBe(true);
    });

    test("a graceful stop lets running calls finish, and turns later ones away", async () => {
      const { client, server } = await given([]);
      const talk = await conversation(client);
      server.signal("SIGTERM");
      await eventually(async () => {
        expect(await failure(client.emptyCall())).toMatchObject({ code: Code.UNAVAILABLE });
      });
      await talk.end();
      expect(await server.ended).toBe(0);
    });

    test("a server that has old connections leave loses no call", async () => {
      const { client, connections } = await given(["--max_connection_age=100ms"]);
      let calls = 0;
      const loop = async () => {
        for (; connections() < 5; calls++) await client.unaryCall({ responseSize: 10, payload: zeros(100) });
      };
      await Promise.all(Array.from({ length: 8 }, loop));
      expect(calls).toBeGreaterThan(0);
    });

    test("who probes more often than it allows is told so, and goes on over another connection", async () => {
      const options = { keepaliveMs: 20, keepaliveTimeoutMs: 20_000 };
      const { client, connections } = await given(["--min_ping_interval=1h"], options);
      const { ended } = await conversation(client);
      expect(await failure(ended.next())).toMatchObject({
        code: Code.UNAVAILABLE,
        message: expect.stringContaining("too_many_pings"),
      });
      await client.emptyCall();
      expect(connections()).toBe(2);
    });

    test("who may probe as often as it does keeps its connection", async () => {
      const { client, connections, probes } = await given(["--min_ping_interval=1ms"], { keepaliveMs: 20 });
      const { end } = await conversation(client);
      await eventually(() => expect(probes()).toBeGreaterThan(5));
      await end();
      expect(connections()).toBe(1);
    });

    test("where nobody said how often either may probe, a call of many silent minutes keeps its connection", async () => {
      const clock = new ManualClock();
      const { client, connections, probes } = await given([], { clock });
      const { end } = await conversation(client);
      for (let probe = 1; probe <= 2; probe++) {
        await eventually(() => expect(clock.nextMs).toBe(10_000));
        clock.advance(10_000);
        await eventually(() => expect(probes()).toBe(probe));
      }
      await eventually(() => expect(clock.nextMs).toBe(10_000)); // the server has answered
      clock.advance(5 * 60_000);
      await end();
      expect([connections(), probes()]).toEqual([1, 2]);
    });

    test("a deadline that passes is one, whichever side notices first", async () => {
      const { client } = await given([]);
      async function* requests() {
        yield { payload: zeros(27182) };
        await forever;
      }
      for (let call = 0; call < 200; call++) {
        const outcome = await failure(client.fullDuplexCall(requests(), { timeoutMs: 1 + (call % 5) }));
        expect(outcome).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
      }
    });

    test("more header fields than it takes are refused on this side, for that call alone", async () => {
      const { client, connections } = await given(["--max_header_list_bytes=1024"]);
      const metadata = { "x-large": "x".repeat(2000) };
      expect(await failure(client.emptyCall({ metadata }))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
      await client.emptyCall();
      expect(connections()).toBe(1);
    });
  },
);
