import { expect } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { failure, rpcFailure } from "../../support/collect.js";
import { aborted, forever, Moment } from "../../support/moment.js";
import type { Scene, Stage, Story } from "./story.js";

/** A server with one call running that answers when told to. */
async function withRunningCall(stage: Stage): Promise<Scene & { answer: Promise<{ text: string }>; release: Moment }> {
  const begun = new Moment();
  const release = new Moment();
  const scene = await stage.play({
    read: async () => {
      begun.now();
      await release.promise;
      return { text: "finished" };
    },
  });
  const answer = scene.client.read({});
  await begun.promise;
  return { ...scene, answer, release };
}

/** Where calls arrive, and how that ends. */
export function listeners(story: Story): void {
  story("an address that is taken is UNAVAILABLE and named", async (stage) => {
    const { transport, address } = await stage.play();
    const error = await rpcFailure(stage.serve({ transport, address }));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, remote: false });
    expect(error.message).toContain(address);
  });

  story("an address that is none is a TypeError that shows what one looks like", async (stage) => {
    const { transport } = stage.network();
    for (const address of ["", "localhost:80", "grpc://", "ftp://127.0.0.1:21"]) {
      const error = await failure(stage.serve({ transport, address }));
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).message).toContain(JSON.stringify(address));
    }
  });

  story("a draining server finishes what runs and refuses what comes, such that it may go elsewhere", async (stage) => {
    const { server, connect, answer, release } = await withRunningCall(stage);
    const client = connect({ retry: false });
    server.drain();
    server.drain();
    expect(await rpcFailure(client.unary({}))).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true });
    expect(await rpcFailure(client.unary({}))).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true });
    release.now();
    expect((await answer).text).toBe("finished");
  });

  story("a stream goes on while its server drains", async (stage) => {
    const { client, server, transport, address } = await stage.play({
      async *bidi(requests) {
        for await (const { text } of requests) yield { text };
      },
    });
    const asked = new Moment();
    async function* requests() {
      yield { text: "before" };
      await asked.promise;
      yield { text: "after" };
    }
    const responses = client.bidi(requests())[Symbol.asyncIterator]();
    expect((await responses.next()).value).toMatchObject({ text: "before" });
    server.drain();
    const channel = stage.add(transport.connect(address));
    for (let attempt = 0; attempt < 3; attempt++) {
      await failure(client.unary({}));
      channel.connect();
    }
    asked.now();
    expect((await responses.next()).value).toMatchObject({ text: "after" });
    expect(await responses.next()).toMatchObject({ done: true });
  });

  story("closing waits for running calls, and for no longer than they take", async (stage) => {
    const { server, answer, release } = await withRunningCall(stage);
    let closed = false;
    const closing = server.close({ graceMs: 60_000 }).then(() => {
      closed = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(false);
    release.now();
    expect((await answer).text).toBe("finished");
    await closing;
  });

  story("closing cancels what takes longer than the grace", async (stage) => {
    const begun = new Moment();
    const ended = new Moment<unknown>();
    const { server, client } = await stage.play({
      unary: async (_request, call) => {
        begun.now();
        ended.now(await failure(aborted(call.signal)));
        return {};
      },
    });
    const outcome = rpcFailure(client.unary({}, { timeoutMs: 60_000 }));
    await begun.promise;
    await server.close({ graceMs: 1 });
    expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE, remote: false, unprocessed: false });
    expect(await ended.promise).toMatchObject({ code: Code.CANCELLED });
  });

  story("closing is not held up by a handler that ignores its signal", async (stage) => {
    const begun = new Moment();
    const { server, client } = await stage.play({
      unary: () => {
        begun.now();
        return forever;
      },
    });
    const outcome = failure(client.unary({}, { timeoutMs: 60_000 }));
    await begun.promise;
    await server.close({ graceMs: 0 });
    expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE });
    await client.close();
  });

  story("closing breaks off the streams that run", async (stage) => {
    const over = new Moment();
    const { server, client } = await stage.play({
      async *serverStream(_request, call) {
        try {
          yield {};
          await aborted(call.signal);
        } finally {
          over.now();
        }
      },
    });
    const responses = client.serverStream({})[Symbol.asyncIterator]();
    await responses.next();
    const next = failure(responses.next());
    await server.close({ graceMs: 0 });
    expect(await next).toMatchObject({ code: Code.UNAVAILABLE, remote: false });
    await over.promise;
  });

  story("closing twice is closing once, also while calls run", async (stage) => {
    const { server, answer, release } = await withRunningCall(stage);
    const both = [server.close({ graceMs: 60_000 }), server.close({ graceMs: 60_000 })];
    release.now();
    await Promise.all(both);
    expect((await answer).text).toBe("finished");
    await server.close();
  });

  story("a listener, too, may be closed twice while calls run", async (stage) => {
    const { transport, address } = stage.network();
    const listener = await transport.listen(address, { methods: new Map(), invoke: () => forever });
    await Promise.all([listener.close({ graceMs: 1000 }), listener.close({ graceMs: 1000 })]);
    await listener.close();
    await listener[Symbol.asyncDispose]();
  });

  story("an address that was left can be taken again", async (stage) => {
    const { server, transport, address } = await stage.play();
    await server.close();
    const next = await stage.serve({ transport, address }, { unary: () => ({ text: "the next" }) });
    expect(next.address).toBe(address);
    expect((await stage.client(transport, address).unary({})).text).toBe("the next");
  });

  story("a handler sees where its caller is", async (stage) => {
    const peers: string[] = [];
    const { client } = await stage.play({ unary: (_request, { peer }) => ({ index: peers.push(peer) }) });
    await client.unary({});
    expect(peers[0]).toMatch(/^(127\.0\.0\.1:\d+|memory)$/);
  });
}
