import { describe, expect, onTestFinished, test } from "vitest";
import { createClient } from "../../../src/client/client.js";
import { Code } from "../../../src/errors/errors.js";
import { createServer } from "../../../src/server/server.js";
import { http2Transport } from "../../../src/transport/http2/http2.js";
import { rpcFailure } from "../../support/collect.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { Setting } from "../../support/http2/constants.js";
import { settings } from "../../support/http2/frames.js";
import type { RawPeer } from "../../support/http2/raw-peer.js";
import { given, limited, nextCall } from "../../support/http2/scripted-server.js";

describe("calls beyond what a server takes at once", () => {
  test("wait, first come, first served", async () => {
    const { listener, client } = await given({}, limited(2));
    const texts = ["a", "b", "c", "d", "e"];
    const order: string[] = [];
    const answers = texts.map((text) => client.unary({ text }).then((answer) => order.push(answer.text)));
    const peer = await listener.accept();
    for (const text of texts) (await nextCall(peer)).answer(text);
    await Promise.all(answers);
    expect(order).toEqual(texts);
    expect(listener.peers).toHaveLength(1);
  });

  test("are nobody's once their deadline has passed or their caller has left", async () => {
    const { listener, client, clock } = await given({}, limited(1));
    const running = client.unary({ text: "first" });
    const peer = await listener.accept();
    const first = await nextCall(peer);
    const late = rpcFailure(client.unary({}, { timeoutMs: 1000 }));
    const controller = new AbortController();
    const left = rpcFailure(client.unary({}, { signal: controller.signal }));
    const patient = client.unary({ text: "last" });
    clock.advance(1000);
    controller.abort();
    expect(await late).toMatchObject({ code: Code.DEADLINE_EXCEEDED, remote: false });
    expect(await left).toMatchObject({ code: Code.CANCELLED, remote: false });
    first.answer("first");
    await running;
    const second = await nextCall(peer);
    expect(second.id).toBe(3);
    second.answer("last");
    expect((await patient).text).toBe("last");
  });

  test("are let in when the server takes more", async () => {
    const { listener, client } = await given({}, limited(0));
    const answer = client.unary({});
    const peer = await listener.accept();
    peer.write(settings([[Setting.MAX_CONCURRENT_STREAMS, 1]]));
    (await nextCall(peer)).answer("let in");
    expect((await answer).text).toBe("let in");
  });

  test("have further connections opened for them, as many as allowed and no more than it takes", async () => {
    const { listener, client } = await given({ maxConnectionsPerAddress: 3 }, limited(2));
    const answers = Array.from({ length: 7 }, (_, n) => client.unary({ text: `${n}` }));
    const peers = [await listener.accept(), await listener.accept(), await listener.accept()];
    const calls = (await Promise.all(peers.map(async (peer) => [await nextCall(peer), await nextCall(peer)]))).flat();
    expect(calls).toHaveLength(6);
    calls.shift()?.answer("one");
    const [first] = peers as [RawPeer, ...RawPeer[]];
    calls.push(await nextCall(first));
    for (const call of calls) call.answer("another");
    await Promise.all(answers);
    expect(listener.peers).toHaveLength(3);
  });

  test("wait on for those that stand where a further connection cannot be had", async () => {
    const transport = http2Transport({ maxConnections: 1, maxConcurrentStreams: 1, maxConnectionsPerAddress: 2 });
    const server = createServer({ transport, address: "grpc://127.0.0.1:0" }).add(EchoServiceDefinition, echo());
    await server.start();
    onTestFinished(() => server.close({ graceMs: 0 }));
    const client = createClient(EchoServiceDefinition, { target: server.address, transport, retry: false });
    onTestFinished(() => client.close());
    await Promise.all(Array.from({ length: 50 }, () => client.unary({})));
  });
});
