import { type Method, methodsOf } from "../contract/contract.js";
import { Code, codeFromNumber } from "../errors/errors.js";
import type { App } from "../service/service.js";
import type { Edge, Trouble } from "./fault.js";

/** Whom calls can go to, and what they can ask. */
export type Targets = ReadonlyMap<string, readonly Method[]>;

export function targetsOf(app: App): Targets {
  return new Map(app.services.map(({ name, contracts }) => [name, [...contracts.values()].flatMap(methodsOf)]));
}

/** @throws TypeError or RangeError for a fault that cannot be or would never happen, naming what is wrong */
export function checkFault(fault: Edge & Trouble, targets: Targets): void {
  checkEdge("fault", fault, targets);
  checkKind(fault);
  checkNumbers(fault);
  const { afterMessages, duplicate } = fault;
  const asked = methodsOn(fault, targets);
  if (afterMessages !== undefined && !asked.some(({ responseStream }) => responseStream)) {
    throw new TypeError(`fault: afterMessages is for streams of responses, and ${shown(fault)} has none`);
  }
  if (duplicate === true && asked.every(({ requestStream }) => requestStream)) {
    throw new TypeError(`fault: ${shown(fault)} takes a stream of requests, which cannot be delivered twice`);
  }
}

/** @throws RangeError for a name nobody here has; `what` stands before it */
export function checkEdge(what: string, { from, to, method }: Edge, targets: Targets): void {
  if (from !== undefined && from !== "test" && !targets.has(from)) {
    throw new RangeError(`${what}: from: nobody here is called "${from}" (there are: test, ${namesIn(targets)})`);
  }
  if (to !== undefined && !targets.has(to)) {
    throw new RangeError(`${what}: nobody here is called "${to}" (there are: ${namesIn(targets)})`);
  }
  if (method === undefined || methodsOn({ to, method }, targets).length > 0) return;
  const known = methodsOn({ to }, targets).map(({ localName }) => localName);
  throw new RangeError(`${what}: ${to ?? "nobody here"} has no method "${method}" (there are: ${known.join(", ")})`);
}

function namesIn(targets: Targets): string {
  return [...targets.keys()].join(", ");
}

function checkKind({ delayMs, error, drop, duplicate, afterMessages }: Trouble): void {
  if (drop !== undefined && drop !== "request" && drop !== "response") {
    throw new TypeError(`fault: drop: expected "request" or "response", was ${JSON.stringify(drop)}`);
  }
  if (delayMs === undefined && error === undefined && drop === undefined && duplicate !== true) {
    throw new TypeError("fault: expected at least one of delayMs, error, drop, duplicate");
  }
  if (duplicate === true && (error !== undefined || drop !== undefined)) {
    throw new TypeError("fault: duplicate stands for itself; inject error or drop as a fault of its own");
  }
  if (drop === "request" && error !== undefined) {
    throw new TypeError('fault: a dropped request gets no error; leave out drop, or say drop: "response"');
  }
  if (typeof error === "number" && (error === Code.OK || codeFromNumber(error) !== error)) {
    throw new TypeError(`fault: error: expected a Code that is no OK, was ${error}`);
  }
  if (afterMessages !== undefined && error === undefined && drop !== "response") {
    throw new TypeError('fault: afterMessages goes with error or drop: "response"');
  }
}

function checkNumbers({ delayMs = 0, afterMessages = 0, times = 1, probability = 1 }: Trouble): void {
  if (!(delayMs >= 0)) throw new RangeError(`fault: delayMs: must be 0 or more, was ${delayMs}`);
  if (!(Number.isInteger(afterMessages) && afterMessages >= 0))
    throw new RangeError(`fault: afterMessages: must be a whole number from 0, was ${afterMessages}`);
  if (!(Number.isInteger(times) && times > 0))
    throw new RangeError(`fault: times: must be a whole number above 0, was ${times}`);
  if (!(probability > 0 && probability <= 1))
    throw new RangeError(`fault: probability: must be above 0 and up to 1, was ${probability}`);
}

function methodsOn({ to, method }: Edge, targets: Targets): readonly Method[] {
  const asked = to === undefined ? [...targets.values()].flat() : (targets.get(to) ?? []);
  return method === undefined ? asked : asked.filter(({ localName }) => localName === method);
}

function shown({ to = "any", method = "any method" }: Edge): string {
  return `${to}.${method}`;
}
