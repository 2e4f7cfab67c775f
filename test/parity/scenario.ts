import type { CallOptions, Client, Metadata } from "../../src/contract/contract.js";
import { Code, codeName, RpcError } from "../../src/errors/errors.js";
import { BadRequest } from "../../src/gen/google/rpc/error_details.js";
import type { EchoServiceDefinition } from "../gen/hawser/test/v1/echo.js";

type Echo = Client<EchoServiceDefinition>;

/** What came of each step: plain data, to be compared. */
export type Transcript = { readonly [step: string]: unknown };

/** One user's day with the app: everything a call can be, driven from outside of all services. */
export async function play(front: Echo): Promise<Transcript> {
  const transcript: { [step: string]: unknown } = {};
  await front.unary({ text: ">>look" }, minute); // all are there
  for (const [title, step] of Object.entries(steps)) transcript[title] = await step(front, title);
  return transcript;
}

/** `subject` is the step's own: what is noted of one is not mixed up with another. */
type Step = (front: Echo, subject: string) => Promise<unknown>;

const minute = { timeoutMs: 60_000 };
const depths = ["", ">", ">>"];
const mebibyte = 1024 * 1024;

const steps: { readonly [title: string]: Step } = {
  "what the handlers of a call see, at each depth": (front) =>
    inTurn(depths, async (depth) => sightOf(await front.unary({ text: `${depth}look` }, minute))),

  "metadata travels where its name says so, and binary values too": (front) => {
    const metadata = { "x-request": ["7", "8"], "x-hawser-global-tenant": "acme", "key-bin": Uint8Array.of(0, 255) };
    return inTurn(depths, async (depth) =>
      sightOf(await front.unary({ text: `${depth}look` }, { ...minute, metadata })),
    );
  },

  "a call without a deadline has none anywhere, one of a stream neither": async (front) => {
    const endless = { timeoutMs: Number.POSITIVE_INFINITY };
    const unary = sightOf(await front.unary({ text: ">>look" }, endless));
    const stream = sightOf(await front.clientStream([{ text: ">>look" }]));
    return [unary, stream];
  },

  "header and trailer are the answering service's own": (front) =>
    inTurn(depths, (depth) => withMetadata((options) => front.unary({ text: `${depth}stamp` }, options))),

  "a trailer comes with an error too": (front) =>
    withMetadata((options) => front.unary({ text: "stamp", failCode: Code.ABORTED, failMessage: "no" }, options)),

  "a key that is said twice in a trailer": (front) =>
    withMetadata((options) => front.unary({ text: "repeat" }, options)),

  "a business error keeps code, text and details, from each depth": (front) =>
    inTurn(depths, (depth) =>
      outcome(
        front.unary({ text: `${depth}fail`, failCode: Code.FAILED_PRECONDITION, failMessage: "sold out – leider" }),
      ),
    ),

  "all codes are themselves": (front) =>
    inTurn(
      Array.from({ length: 16 }, (_, index) => index + 1),
      (failCode) => outcome(front.unary({ text: ">fail", failCode, failMessage: `code ${failCode}` })),
    ),

  "an unknown error says nothing but its id, from each depth": (front) =>
    inTurn(depths, (depth) => outcome(front.unary({ text: `${depth}throw` }))),

  "an order nobody knows fails as any unknown error": (front) => outcome(front.put({ text: ">>dance" })),

  "a deadline is every service's, and each says so": async (front, subject) => {
    const call = outcome(front.unary({ text: ">>wait", failMessage: subject }, { timeoutMs: 1000 }));
    return [await call, await noted(front, ">>", subject, "aborted")];
  },

  "a deadline that has passed is not worth a call": async (front) =>
    outcome(front.unary({ text: ">>look" }, { timeoutMs: 0 })),

  "who gives up ends all it has caused": async (front, subject) => {
    const giveUp = new AbortController();
    const call = outcome(front.unary({ text: ">>wait", failMessage: subject }, { signal: giveUp.signal, ...minute }));
    await noted(front, ">>", subject, "began");
    giveUp.abort();
    return [await call, await noted(front, ">>", subject, "aborted")];
  },

  "what may be repeated is, once for the service that failed and not once for each above it": async (
    front,
    subject,
  ) => {
    const request = { text: ">>flaky", failCode: Code.UNAVAILABLE, failMessage: subject, count: 1 };
    const { requests } = await front.read(request);
    return requests;
  },

  "what may not be repeated is not": async (front, subject) => {
    const request = { text: ">>flaky", failCode: Code.UNAVAILABLE, failMessage: subject, count: 1 };
    const failed = await outcome(front.unary(request));
    return [failed, (await front.unary(request)).requests];
  },

  "what is repeated in vain fails as the last try did": async (front, subject) => {
    const request = { text: ">>flaky", failCode: Code.UNAVAILABLE, failMessage: subject, count: 100 };
    const failed = await outcome(front.put(request));
    return [failed, (await front.unary({ ...request, count: 0 })).requests];
  },

  "a large message goes all the way, and one that is too large does not": async (front) => {
    const large = await front.unary({ text: ">>look", payload: Buffer.alloc(3 * mebibyte) }, minute);
    return {
      large: large.payload.length,
      request: await outcome(front.unary({ text: ">>look", payload: Buffer.alloc(5 * mebibyte) }, minute)),
      response: await outcome(front.unary({ text: ">>grow", responseBytes: 5 * mebibyte }, minute)),
    };
  },

  "messages are copies: what a handler does to one is seen by nobody else": async (front) => {
    const payload = Buffer.from("mine");
    const { payload: theirs } = await front.unary({ text: ">>overwrite", payload });
    return [payload.toString(), theirs.toString("hex")];
  },

  "calls at once are answered each for itself": async (front) => {
    const ids = Array.from({ length: 20 }, (_, index) => `n${index}`);
    const calls = ids.map((id) => front.unary({ text: ">>look", payload: Buffer.from(id) }, minute));
    return (await Promise.all(calls)).map(({ payload }) => payload.toString());
  },

  "a stream of answers, through all": (front, subject) =>
    withMetadata((options) => all(front.serverStream({ text: ">>count", count: 3, failMessage: subject }, options))),

  "a stream of answers of one service, its header and trailer with it": (front, subject) =>
    withMetadata((options) => all(front.serverStream({ text: "count", count: 2, failMessage: subject }, options))),

  "a stream that fails before its first answer, and one that fails after some": (front, failMessage) =>
    inTurn(["fail first", "count"], (text) =>
      all(front.serverStream({ text: `>>${text}`, count: 2, failCode: Code.DATA_LOSS, failMessage })),
    ),

  "a stream of requests, through all": async (front, failMessage) => {
    const requests = Array.from({ length: 5 }, (_, index) => ({
      text: ">>sum",
      failMessage,
      payload: Buffer.alloc(index),
    }));
    const { text, requests: count, index: bytes } = await front.clientStream(requests, minute);
    return { sight: JSON.parse(text), count, bytes };
  },

  "a stream of requests that is refused on its way": async (front, failMessage) => {
    const requests = [{ text: ">>sum" }, { text: "", failCode: Code.INVALID_ARGUMENT, failMessage }, { text: "" }];
    return [await outcome(front.clientStream(requests)), await noted(front, ">>", failMessage, "read 2")];
  },

  "a stream both ways, in step": async (front) => {
    const heard: string[] = [];
    const turns = new Turns();
    for await (const { text, index } of front.bidi(turns.requests(3))) {
      heard.push(`${text} ${index}`);
      turns.take();
    }
    return [heard, turns.said];
  },

  "a stream both ways that fails in the middle": (front, failMessage) =>
    all(front.bidi([{ text: ">>one" }, { text: "two" }, { text: "", failCode: Code.OUT_OF_RANGE, failMessage }])),

  "a reader who breaks off ends the writer": async (front, subject) => {
    for await (const { index } of front.serverStream({ text: ">>count", count: 1e9, failMessage: subject })) {
      if (index === 2) break;
    }
    return noted(front, ">>", subject, "broken off");
  },

  "a slow reader holds the writer back, through all": async (front, subject) => {
    // More than three connections hold, each with a window of 16 MiB, the largest there is, and the system's buffers.
    const count = 400;
    const request = { text: ">>count", count, responseBytes: mebibyte / 4, failMessage: subject };
    const reader = front.serverStream(request)[Symbol.asyncIterator]();
    await reader.next();
    // While a question goes to the writer and back, one whom nobody holds back makes three messages and more.
    let made = 0;
    for (let question = 0; question < count / 2; question++) made = await counted(front, ">>", subject);
    let read = 1;
    while ((await reader.next()).done !== true) read++;
    return { heldBack: made < count, read, finally: await noted(front, ">>", subject, "ended") };
  },
};

/** Requests that each wait for the answer to the one before. */
class Turns {
  said = 0;
  #next: () => void = () => {};

  take(): void {
    this.#next();
  }

  async *requests(count: number): AsyncGenerator<{ text: string }> {
    for (let index = 0; index < count; index++) {
      const answered = new Promise<void>((resolve) => {
        this.#next = resolve;
      });
      this.said++;
      yield { text: index === 0 ? ">>turn" : "turn" };
      await answered;
    }
  }
}

async function inTurn<T>(each: readonly T[], step: (one: T) => Promise<unknown>): Promise<readonly unknown[]> {
  const outcomes: unknown[] = [];
  for (const one of each) outcomes.push(await step(one));
  return outcomes;
}

function sightOf({ text }: { readonly text: string }): unknown {
  return JSON.parse(text);
}

async function noted(front: Echo, depth: string, subject: string, what: string): Promise<string> {
  return (await front.unary({ text: `${depth}noted`, failMessage: subject, payload: Buffer.from(what) }, minute)).text;
}

async function counted(front: Echo, depth: string, failMessage: string): Promise<number> {
  return (await front.unary({ text: `${depth}counted`, failMessage }, minute)).requests;
}

/** What a call fails with; its answer, where it does not, would be a surprise. */
async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
    return "answered";
  } catch (reason) {
    return shown(reason);
  }
}

/** Of errors, of instances, and where these listen. */
export function withoutIds(text: string): string {
  return text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "ID")
    .replace(/\b(front|middle|back)-[0-9a-f]{12}\b/g, "$1-ID")
    .replace(/\b(grpc|memory):\/\/[\w.:-]+\w/g, "ADDRESS");
}

function shown(reason: unknown): unknown {
  if (!(reason instanceof RpcError)) return `no RpcError: ${reason}`;
  const { code, message, details, remote, cause } = reason;
  return {
    code: codeName(code),
    message: withoutIds(message),
    details: details.map(({ type }) => type),
    violations: reason.detail(BadRequest)?.fieldViolations.map(({ field, description }) => [field, description]),
    remote,
    cause: cause !== undefined,
  };
}

/** All answers of a stream, and what ended it. */
async function all(stream: AsyncIterable<{ readonly text: string; readonly index: number }>): Promise<unknown> {
  const answers: string[] = [];
  try {
    for await (const { text, index } of stream) answers.push(`${text} ${index}`);
    return { answers };
  } catch (reason) {
    return { answers, failed: shown(reason) };
  }
}

async function withMetadata(call: (options: CallOptions) => Promise<unknown>): Promise<unknown> {
  const seen: { [part: string]: unknown } = {};
  const result = await call({
    ...minute,
    onHeader: (header) => {
      seen["header"] = own(header);
    },
    onTrailer: (trailer) => {
      seen["trailer"] = own(trailer);
    },
  }).then(
    (answer) => (typeof answer === "object" && answer !== null && "answers" in answer ? answer : "answered"),
    shown,
  );
  return { result, ...seen };
}

function own(metadata: Metadata): unknown {
  const keys = [...metadata.keys()].filter((key) => key.startsWith("x-")).sort();
  return Object.fromEntries(keys.map((key) => [key, metadata.getAll(key)]));
}
