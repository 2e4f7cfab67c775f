/**
 * Calls of a server, written down so that they can be made again: `hawser call --replay`. A middleware; loads the file
 * system, so it is not part of `hawser/server`.
 *
 * Promises: a call neither fails nor waits because it is recorded; what a contract marks `debug_redact = true` and metadata
 * whose name says that it lets somebody in (`authorization`, `x-session-id`, `x-api-key` …) are never written; where nobody
 * can tell what to hide in messages, none is. Files and folder are their owner's alone.
 */
import { type Closeable, isHandlerCall, isInfrastructure, type Middleware } from "../../contract/contract.js";
import { type RecordingOptions, resolveRecordingOptions } from "./options.js";
import { Recorder } from "./recorder.js";

export type { RecordingOptions } from "./options.js";
export { hiddenText, type RecordingLine } from "./recording-line.js";

/** To be closed behind the server: then everything has been written. Calls made later are not recorded. */
export interface Recording extends Middleware, Closeable {}

/**
 * Records every call of a server, but for those of health and reflection. Place it inside authentication, so that it sees
 * what handlers see.
 *
 * @throws TypeError or RangeError for an option that cannot be, naming it
 * @example
 * const record = recording({ folder: "recordings", service: "orders", contracts: [OrdersServiceDefinition] });
 * const server = createServer({ transport, address, middleware: [record] });
 */
export function recording(options: RecordingOptions): Recording {
  const recorder = new Recorder(resolveRecordingOptions(options));
  const middleware: Middleware = (next) => (call) =>
    isHandlerCall(call) && !isInfrastructure(call.method) ? recorder.follow(call).invoke(next) : next(call);
  const close = (): Promise<void> => recorder.close();
  return Object.assign(middleware, { close, [Symbol.asyncDispose]: close });
}
