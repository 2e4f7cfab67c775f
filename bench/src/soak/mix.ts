import type { EchoServiceDefinition } from "../gen/ts-proto/bench/v1/echo.js";
import { type ClosableClient, Code } from "../parties/hawser/hawser.js";
import { receivedBytes, repeat } from "../streams.js";

type Client = ClosableClient<typeof EchoServiceDefinition>;

const payload = Buffer.alloc(100, "hawser");
const messages = 10;

/** What a service meets in an hour, most of it dull. Each call ends before the promise does. */
export async function callOf(client: Client, index: number): Promise<void> {
  switch (index % 200) {
    case 0:
      return expect(await receivedBytes(client.serverStream({ payload, count: messages })), messages);
    case 50:
      return expect(await receivedBytes(client.bidi(repeat({ payload }, messages))), messages);
    case 100:
      return leave(client);
    case 130:
      return failing(client.unary({ payload }, { timeoutMs: 1 }), Code.DEADLINE_EXCEEDED);
    case 160:
      return cancel(client);
    default:
      return expect((await client.unary({ payload })).payload.length, 1);
  }
}

function expect(bytes: number, count: number): void {
  if (bytes !== count * payload.length)
    throw new Error(`${bytes} bytes came back instead of ${count * payload.length}`);
}

/** A stream that is given up after its first message. */
async function leave(client: Client): Promise<void> {
  for await (const _ of client.serverStream({ payload, count: 1000 })) return;
}

/** A call whose caller no longer wants to know. */
async function cancel(client: Client): Promise<void> {
  const controller = new AbortController();
  const call = client.unary({ payload }, { signal: controller.signal });
  setImmediate(() => controller.abort());
  await failing(call, Code.CANCELLED);
}

/** It may be answered all the same: the answer was faster. */
async function failing(call: Promise<unknown>, code: Code): Promise<void> {
  try {
    await call;
  } catch (error) {
    if ((error as { readonly code?: Code }).code !== code) throw error;
  }
}
