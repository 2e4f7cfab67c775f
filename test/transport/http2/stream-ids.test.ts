import { expect, onTestFinished, test, vi } from "vitest";
import { createClient } from "../../../src/client/client.js";
import { createServer } from "../../../src/server/server.js";
import { http2Transport } from "../../../src/transport/http2/http2.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { wholeAnswer } from "../../support/http2/grpc.js";
import { RawListener } from "../../support/http2/raw-listener.js";
import { isHeaders } from "../../support/http2/received.js";
import { Moment } from "../../support/moment.js";

/** Of the first call on every connection here: the fifth is the last for which there is an id. */
const { firstId } = vi.hoisted(() => ({ firstId: 2 ** 31 - 1024 - 9 }));
const callsEach = 5;

vi.mock("../../../src/transport/http2/connection/client-connection.js", async (load) => {
  const { ClientConnection } =
    await load<typeof import("../../../src/transport/http2/connection/client-connection.js")>();
  type Given = ConstructorParameters<typeof ClientConnection>;
  return {
    ClientConnection: class extends ClientConnection {
      constructor(socket: Given[0], options: Given[1], events: Given[2]) {
        super(socket, options, events, firstId);
      }
    },
  };
});

function clientOf(target: string) {
  const client = createClient(EchoServiceDefinition, { target, transport: http2Transport(), retry: false });
  onTestFinished(() => client.close());
  return client;
}

test("when stream ids run out calls go on over another connection, and those that run finish on the old one", async () => {
  const listener = await RawListener.start();
  onTestFinished(() => listener.close());
  const client = clientOf(listener.address);
  const answers = Array.from({ length: callsEach + 3 }, (_, call) => client.unary({ text: `${call}` }));
  const [old, young] = [await listener.accept(), await listener.accept()];
  const oldIds: number[] = [];
  for (let call = 0; call < callsEach; call++) oldIds.push((await old.next(isHeaders())).id);
  expect(oldIds).toEqual([0, 2, 4, 6, 8].map((more) => firstId + more));
  for (let call = 0; call < 3; call++) {
    young.write(wholeAnswer((await young.next(isHeaders())).id, { text: "young" }));
  }
  await Promise.all(answers.slice(callsEach));
  for (const id of oldIds) old.write(wholeAnswer(id, { text: "old" }));
  const texts = (await Promise.all(answers)).map(({ text }) => text);
  expect(texts).toEqual([...Array(callsEach).fill("old"), "young", "young", "young"]);
  await old.closed;
  expect(old.has(isHeaders())).toBe(false);
  expect(listener.peers).toHaveLength(2);
});

test("no call is lost, or made twice, however often stream ids run out", async () => {
  const [callers, calls] = [16, 20];
  const peers = new Set<string>();
  const asked: string[] = [];
  const server = createServer({ transport: http2Transport(), address: "grpc://127.0.0.1:0" });
  server.add(
    EchoServiceDefinition,
    echo({
      unary: async ({ text }, { peer }) => {
        asked.push(text);
        peers.add(peer);
        return { text };
      },
    }),
  );
  await server.start();
  onTestFinished(() => server.close({ graceMs: 0 }));
  const client = clientOf(server.address);
  const over = new Moment();
  const stream = client.bidi(
    (async function* () {
      yield { text: "first", count: 1 };
      await over.promise;
      yield { text: "last", count: 1 };
    })(),
  );
  const answers = stream[Symbol.asyncIterator]();
  expect((await answers.next()).value?.text).toBe("first");
  const caller = async (name: number): Promise<void> => {
    for (let call = 0; call < calls; call++) {
      const text = `${name}/${call}`;
      expect((await client.unary({ text })).text).toBe(text);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, name) => caller(name)));
  over.now();
  expect((await answers.next()).value?.text).toBe("last");
  expect((await answers.next()).done).toBe(true);
  expect(asked).toHaveLength(callers * calls);
  expect(new Set(asked).size).toBe(callers * calls);
  expect(peers.size).toBe(Math.ceil((callers * calls + 1) / callsEach));
});
