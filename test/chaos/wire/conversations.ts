import { isDeepStrictEqual } from "node:util";
import type { CallOptions, Client } from "../../../src/contract/contract.js";
import type { Random } from "../../../src/time/time.js";
import type { EchoServiceDefinition } from "../../support/echo.js";

export type Echo = Client<EchoServiceDefinition>;

/** An answer that nobody should ever have got. */
export class WrongAnswer extends Error {
  override readonly name = "WrongAnswer";
}

/** Something that is said to the server, and held against what comes back. @throws WrongAnswer, or what the call fails with */
export type Conversation = (echo: Echo, options: CallOptions, random: Random) => Promise<void>;

const largestBytes = 100_000;
const messages = 20;
let told = 0;

/** One of each kind of call. */
export const conversations: { readonly [kind: string]: Conversation } = {
  /** Nothing is known of repeating it: whatever becomes of it, the server may see it once. */
  async unary(echo, options, random) {
    const request = { text: `${process.pid} ${told++}`, payload: something(random) };
    const { text, payload, requests } = await echo.unary(request, options);
    same("the answer", { text, payload, requests }, { ...request, requests: 1 });
  },

  async read(echo, options, random) {
    const request = { text: `read ${told++}`, payload: something(random) };
    const { text, payload } = await echo.read(request, options);
    same("the answer", { text, payload }, request);
  },

  async serverStream(echo, options, random) {
    const request = { text: `rows ${told++}`, payload: something(random), count: messages };
    let next = 0;
    for await (const { text, payload, index } of echo.serverStream(request, options)) {
      same(`row ${next}`, { text, payload, index }, { text: request.text, payload: request.payload, index: next++ });
    }
    same("the number of rows", next, messages);
  },

  async clientStream(echo, options, random) {
    const pieces = Array.from({ length: messages }, () => something(random));
    const requests = pieces.map((payload) => ({ payload }));
    const answer = await echo.clientStream(requests, options);
    same("the sum", [answer.requests, answer.payload], [messages, Buffer.concat(pieces)]);
  },

  async bidi(echo, options, random) {
    const said: { readonly text: string; readonly payload: Buffer; readonly count: number }[] = [];
    async function* requests() {
      for (let each = 0; each < messages; each++) {
        const request = { text: `turn ${told++}`, payload: something(random), count: 1 };
        said.push(request);
        yield request;
      }
    }
    let heard = 0;
    for await (const { text, payload, requests: count } of echo.bidi(requests(), options)) {
      const request = said[heard++];
      same(`turn ${heard}`, { text, payload, count }, { text: request?.text, payload: request?.payload, count: heard });
    }
    same("the number of turns", heard, messages);
  },
};

/** Mostly small, sometimes of several frames. */
function something(random: Random): Buffer {
  return Buffer.alloc(Math.floor(random() ** 4 * largestBytes), `${random()}`);
}

function same(what: string, got: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(got, expected))
    throw new WrongAnswer(`${what} is ${brief(got)} and should be ${brief(expected)}`);
}

function brief(value: unknown): string {
  return JSON.stringify(value, (_key, each) => (each?.type === "Buffer" ? `${each.data.length} bytes` : each));
}
