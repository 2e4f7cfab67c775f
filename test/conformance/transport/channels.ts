import { expect } from "vitest";
import { OutgoingCall } from "../../../src/client/outgoing-call.js";
import { Metadata, type Method, methodsOf } from "../../../src/contract/contract.js";
import { Code } from "../../../src/errors/errors.js";
import type { ChannelState } from "../../../src/transport/transport.js";
import { collect, failure, rpcFailure } from "../../support/collect.js";
import { EchoServiceDefinition } from "../../support/echo.js";
import { eventually } from "../../support/eventually.js";
import { aborted, Moment } from "../../support/moment.js";
import { TcpProxy } from "../../support/tcp-proxy.js";
import { untilState } from "../../support/until-state.js";
import type { Story } from "./story.js";

/** The road to one address, and how it is kept up. */
export function channels(story: Story): void {
  story("a channel begins no work until it is asked to, then becomes ready", async (stage) => {
    const { transport, address } = await stage.play();
    const channel = stage.add(transport.connect(address));
    expect(channel.address).toBe(address);
    expect(channel.state).toBeOneOf(["idle", "ready"]);
    channel.connect();
    await untilState(channel, "ready");
    channel.connect();
    expect(channel.state).toBe("ready");
  });

  story("a channel breaks when its server goes, and is ready when there is one again", async (stage) => {
    const { server, transport, address } = await stage.play();
    const channel = stage.add(transport.connect(address));
    const states: ChannelState[] = [];
    channel.onState((state) => states.push(state));
    channel.connect();
    await untilState(channel, "ready");
    states.length = 0;
    await server.close({ graceMs: 0 });
    await untilState(channel, "broken");
    expect(states).toEqual(["broken"]);
    await stage.serve({ transport, address });
    channel.connect();
    await untilState(channel, "ready");
    expect(states).toEqual(["broken", "ready"]);
  });

  story("a channel comes back by itself", async (stage) => {
    const { server, transport, address } = await stage.play();
    const channel = stage.add(transport.connect(address));
    channel.connect();
    await untilState(channel, "ready");
    await server.close({ graceMs: 0 });
    await untilState(channel, "broken");
    await stage.serve({ transport, address });
    await untilState(channel, "ready");
  });

  story("a channel to nowhere is broken", async (stage) => {
    const { server, transport, address } = await stage.play();
    await server.close();
    const channel = stage.add(transport.connect(address));
    channel.connect();
    await untilState(channel, "broken");
  });

  story("who has had enough of states is told no more", async (stage) => {
    const { server, transport, address } = await stage.play();
    const channel = stage.add(transport.connect(address));
    const told: ChannelState[] = [];
    const end = channel.onState((state) => told.push(state));
    end();
    end();
    channel.connect();
    await untilState(channel, "ready");
    await server.close({ graceMs: 0 });
    await untilState(channel, "broken");
    expect(told).toEqual([]);
  });

  story("closing lets running calls finish, and refuses others", async (stage) => {
    const begun = new Moment();
    const release = new Moment();
    const { client } = await stage.play({
      read: async () => {
        begun.now();
        await release.promise;
        return { text: "finished" };
      },
    });
    const answer = client.read({});
    await begun.promise;
    let closed = false;
    const closing = client.close().then(() => {
      closed = true;
    });
    expect(await rpcFailure(client.unary({}))).toMatchObject({ code: Code.FAILED_PRECONDITION, remote: false });
    expect(closed).toBe(false);
    release.now();
    expect((await answer).text).toBe("finished");
    await closing;
    await client.close();
  });

  story("closing lets a running stream finish", async (stage) => {
    const { client } = await stage.play();
    const responses = client.serverStream({ count: 100 })[Symbol.asyncIterator]();
    await responses.next();
    const closing = client.close();
    let read = 1;
    while ((await responses.next()).done !== true) read++;
    expect(read).toBe(100);
    await closing;
  });

  story("a closed channel is closed, and says so", async (stage) => {
    const { transport, address } = await stage.play();
    const channel = transport.connect(address);
    const told: ChannelState[] = [];
    channel.connect();
    await untilState(channel, "ready");
    channel.onState((state) => told.push(state));
    await channel.close();
    await channel.close();
    await channel[Symbol.asyncDispose]();
    expect(channel.state).toBe("closed");
    expect(told).toEqual(["closed"]);
    const [method] = methodsOf(EchoServiceDefinition);
    const call = new OutgoingCall(method as Method, {}, new Metadata(), undefined, undefined);
    const refusal = await rpcFailure(channel.invoke(call));
    expect(refusal).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true, remote: false });
    expect(refusal.message).toContain(address);
    channel.connect();
    expect(channel.state).toBe("closed");
  });

  story("a call that may not begin says so, on a closed channel too", async (stage) => {
    const { transport, address } = await stage.play();
    const channel = transport.connect(address);
    await channel.close();
    const [method] = methodsOf(EchoServiceDefinition);
    const late = new OutgoingCall(method as Method, {}, new Metadata(), Date.now() - 1, undefined);
    expect(await rpcFailure(channel.invoke(late))).toMatchObject({ code: Code.DEADLINE_EXCEEDED, remote: false });
    const cancelled = new OutgoingCall(method as Method, {}, new Metadata(), undefined, AbortSignal.abort());
    expect(await rpcFailure(channel.invoke(cancelled))).toMatchObject({ code: Code.CANCELLED, remote: false });
  });

  story("of two channels to one address each closes for itself", async (stage) => {
    const begun = new Moment();
    const release = new Moment();
    const { client, connect } = await stage.play({
      read: async () => {
        begun.now();
        await release.promise;
        return { text: "finished" };
      },
    });
    const other = connect();
    await other.unary({});
    const answer = client.read({});
    await begun.promise;
    let closed = false;
    const closing = client.close().then(() => {
      closed = true;
    });
    expect((await other.unary({ text: "still here" })).text).toBe("still here");
    expect(closed).toBe(false);
    release.now();
    await answer;
    await closing;
    expect((await other.unary({ text: "still here" })).text).toBe("still here");
  });

  story(
    "however many clients call an address, they share one connection",
    async (stage) => {
      const { server, transport } = await stage.play();
      const proxy = stage.add(await TcpProxy.to(server.address));
      const target = proxy.addressFor(server.address);
      const clients = Array.from({ length: 10 }, () => stage.client(transport, target));
      await Promise.all(clients.flatMap((client) => Array.from({ length: 20 }, () => client.unary({}))));
      await Promise.all(clients.map((client) => collect(client.serverStream({ count: 3 }))));
      expect(proxy.accepted).toBe(1);
      await Promise.all(clients.map((client) => client.close()));
      await eventually(() => expect(proxy.open).toBe(0));
      expect((await stage.client(transport, target).unary({ text: "anew" })).text).toBe("anew");
      expect(proxy.accepted).toBe(2);
    },
    ["sockets"],
  );

  story(
    "a connection that is cut ends its calls UNAVAILABLE, and the next call has a new one",
    async (stage) => {
      const begun = [new Moment(), new Moment()];
      const { server, transport } = await stage.play({
        unary: (_request, call) => {
          begun[0]?.now();
          return aborted(call.signal);
        },
        async *serverStream(_request, call) {
          yield {};
          begun[1]?.now();
          await aborted(call.signal);
        },
      });
      const proxy = stage.add(await TcpProxy.to(server.address));
      const client = stage.client(transport, proxy.addressFor(server.address));
      const unary = rpcFailure(client.unary({}));
      const stream = rpcFailure(client.serverStream({}));
      await Promise.all(begun.map(({ promise }) => promise));
      proxy.cut();
      for (const error of [await unary, await stream]) {
        expect(error).toMatchObject({ code: Code.UNAVAILABLE, remote: false, unprocessed: false });
        expect(error.message).toContain(proxy.addressFor(server.address));
      }
      expect((await client.put({ text: "back" })).text).toBe("back");
      expect(proxy.accepted).toBe(2);
    },
    ["sockets"],
  );

  story(
    "a handler whose caller's connection broke is told",
    async (stage) => {
      const begun = new Moment();
      const ended = new Moment<unknown>();
      const { server, transport } = await stage.play({
        unary: async (_request, call) => {
          begun.now();
          ended.now(await failure(aborted(call.signal)));
          return {};
        },
      });
      const proxy = stage.add(await TcpProxy.to(server.address));
      const outcome = failure(stage.client(transport, proxy.addressFor(server.address)).unary({}));
      await begun.promise;
      proxy.cut();
      expect(await ended.promise).toMatchObject({ code: Code.CANCELLED });
      await outcome;
    },
    ["sockets"],
  );
}
