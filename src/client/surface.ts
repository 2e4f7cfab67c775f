import type { CallOptions, Reply } from "../contract/contract.js";
import { RpcError } from "../errors/errors.js";
import { type Begun, begin, type OutgoingMethod, tellTrailer } from "./begin.js";
import { ResponseStream } from "./response-stream.js";

const noOptions: CallOptions = {};

/** What a user calls: `(request, options?) => Promise` or `AsyncIterable`, by the kind of the method. */
export function surface(outgoing: OutgoingMethod): (request: unknown, options?: CallOptions) => unknown {
  return outgoing.method.responseStream
    ? (request, options = noOptions) => new ResponseStream(outgoing, request, options)
    : (request, options = noOptions) => single(outgoing, request, options);
}

function single(outgoing: OutgoingMethod, request: unknown, options: CallOptions): Promise<unknown> {
  let begun: Begun;
  try {
    begun = begin(outgoing, request, options);
  } catch (error) {
    return Promise.reject(error);
  }
  const answer = outgoing.invoke(begun.call);
  if (begun.release !== undefined) void answer.then(begun.release, begun.release);
  if (options.onHeader === undefined && options.onTrailer === undefined) return answer.then(messageOf, rethrow);
  return answer.then(
    (reply) => {
      options.onHeader?.(reply.header);
      options.onTrailer?.(reply.trailer());
      return reply.message;
    },
    (error: unknown) => {
      tellTrailer(begun.call, options);
      throw RpcError.from(error);
    },
  );
}

/** Middleware may throw what it likes; a caller gets an `RpcError`. */
function rethrow(error: unknown): never {
  throw RpcError.from(error);
}

function messageOf(reply: Reply): unknown {
  return reply.message;
}
