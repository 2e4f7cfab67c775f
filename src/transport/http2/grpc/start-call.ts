import type { Call } from "../../../contract/contract.js";
import type { Caller } from "../../caller.js";
import type { CallTarget } from "../client/call-target.js";
import type { CallSettings } from "./call-settings.js";
import { StreamCall } from "./stream-call.js";
import { UnaryCall } from "./unary-call.js";

/** Begins a call that nothing forbids. */
export function startCall(call: Call, target: CallTarget, settings: CallSettings, caller: Caller): void {
  if (call.method.kind === "unary") new UnaryCall(call, target, settings, caller).start();
  else new StreamCall(call, target, settings, caller).start();
}
