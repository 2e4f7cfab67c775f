/**
 * What users test their services with: an app, or one service of it, in process and in milliseconds; fakes for the rest,
 * faults on any way between two, time that passes when a test says so, and a record of all that happened.
 *
 * Promises: what is tested is the app itself, on the road that services of one process take, with nothing of it replaced
 * but what the test replaces; nothing listens, nothing is read from files or the environment; the same seed and the same
 * calls give the same faults; what is closed leaves nothing behind. It knows no test runner.
 */
export type { RecordedSpan } from "../telemetry/recorded-span.js";
export type { Fake, Fakes } from "./app-types.js";
export type { RecordedCall } from "./call-record.js";
export type { Fault, InjectedFault, Trouble } from "./fault.js";
export type { Finding } from "./finding.js";
export { type ManualClock, manualClock } from "./manual-clock.js";
export type { RecordedLog } from "./recorded-log.js";
export type { TestApp, TestClientOptions } from "./running-test-app.js";
export { type TestAppOptions, testApp } from "./test-app.js";
