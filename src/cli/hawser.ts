#!/usr/bin/env node
import { untilSignal } from "../service/until-signal.js";
import { systemClock } from "../time/time.js";

const { stdin, stdout, stderr, env, argv } = process;
const stop = new AbortController();
void untilSignal().signal.then(() => stop.abort());
stdout.on("error", () => stop.abort()); // `hawser watch | head`: nobody reads any more
stderr.on("error", () => {}); // nobody hears it, and that ends nothing

// A failure is one line, and it is ours: warnings and the log of grpc-js are for whoever writes a program.
process.removeAllListeners("warning");
env["GRPC_VERBOSITY"] ??= "NONE";
const { run } = await import("./run.js"); // not before: grpc-js reads its environment when it is loaded

const code = await run(argv.slice(2), { stdin, stdout, stderr, env, signal: stop.signal, clock: systemClock });
// All is done, whatever an app that did not start has left open. What was written goes out first.
if (stop.signal.aborted) process.exit(code);
stdout.write("", () => stderr.write("", () => process.exit(code)));
