import { type ClientOptions, createClient } from "../../client/client.js";
import type { CallOptions } from "../../contract/contract.js";
import { Metadata } from "../../contract/contract.js";
import { UsageError } from "../failure.js";
import type { Terminal } from "../terminal.js";
import type { CallTrace } from "./call-trace.js";
import type { FoundMethod } from "./find-method.js";

/** As `createClient` makes it of a contract known only at run time. */
type Send = (requests: unknown, options: CallOptions) => Promise<unknown> & AsyncIterable<unknown>;

/**
 * Makes the call and prints what comes: one response for people, indented; a stream, or what a program reads, one JSON
 * object a line, as it comes.
 *
 * @throws RpcError as the call fails; UsageError where a request of a stream made no sense
 */
export async function invoke(
  { definition, method }: FoundMethod,
  requests: unknown,
  server: ClientOptions,
  options: CallOptions,
  trace: CallTrace,
  terminal: Terminal,
): Promise<void> {
  const client = createClient(definition, { ...server, attemptMiddleware: [trace.attempt] });
  const send = client[method.localName] as Send;
  const told: CallOptions = {
    ...options,
    onHeader: (header) => trace.header(header),
    onTrailer: (trailer) => trace.trailer(trailer),
  };
  trace.sending(method, new Metadata(options.metadata));
  try {
    if (method.responseStream) {
      for await (const response of send(requests, told)) await terminal.object(response);
    } else {
      const response = await send(requests, told);
      await terminal.line(JSON.stringify(response, null, terminal.json ? 0 : 2));
    }
  } catch (reason) {
    trace.answered();
    throw (reason as Error).cause instanceof UsageError ? (reason as Error).cause : reason;
  } finally {
    await client[Symbol.asyncDispose]();
  }
}
