import { AsyncLocalStorage } from "node:async_hooks";
import type { Call } from "./call.js";

/**
 * The call that is being served, so that the calls it makes inherit deadline, cancellation and travelling
 * metadata. The only ambient state of Hawser, and read-only for everybody but the server.
 */
const storage = new AsyncLocalStorage<Call>();

/** The call being handled here and now; undefined outside of handlers and of a server's middleware. */
export function currentCall(): Call | undefined {
  return storage.getStore();
}

/** Runs something such that `currentCall()` answers within it, across every `await`. */
export function runInCall<Args extends unknown[], T>(call: Call, run: (...args: Args) => T, ...args: Args): T {
  return storage.run(call, run, ...args);
}
