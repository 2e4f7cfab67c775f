import { RequestStream } from "./request-stream.js";

/** A stream step by step. Of an array, or a generator that is not async, no step waits for anything. */
export type Steps = AsyncIterator<unknown> | Iterator<unknown>;

/** @throws TypeError for what cannot be iterated */
export function stepsOf(stream: unknown): Steps {
  if (stream instanceof RequestStream) return stream.steps();
  if (typeof stream === "object" && stream !== null) {
    if (Symbol.asyncIterator in stream) return (stream as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    if (Symbol.iterator in stream) return (stream as Iterable<unknown>)[Symbol.iterator]();
  }
  throw new TypeError("a stream is an async iterable, or an iterable: an async generator, an array");
}
