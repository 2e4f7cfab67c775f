import type { Instance, InstanceState } from "../contract/contract.js";
import { Instance as InstanceMessage, Instance_State as State } from "../gen/hawser/registry/v1/registry.js";

export { InstanceMessage };

const usualWeight = 100;
const largestWeight = 2 ** 32 - 1;

const stateNumbers: { readonly [Name in InstanceState]: State } = {
  starting: State.STATE_STARTING,
  serving: State.STATE_SERVING,
  draining: State.STATE_DRAINING,
};

/** Who says nothing of its state serves. */
const stateNames = new Map<State, InstanceState>([
  [State.STATE_UNSPECIFIED, "serving"],
  [State.STATE_STARTING, "starting"],
  [State.STATE_SERVING, "serving"],
  [State.STATE_DRAINING, "draining"],
]);

/** The instance as registries store and send it. @throws TypeError for a value that the message cannot say */
export function toMessage(instance: Instance): InstanceMessage {
  const { id, service, version, endpoints, contracts, metadata, weight, zone, startedAt } = instance;
  const state = stateNumbers[instance.state];
  const where = `instance ${JSON.stringify(id)}`;
  checkTexts(where, instance);
  if (state === undefined) {
    throw new TypeError(
      `${where}: state is ${JSON.stringify(instance.state)}; allowed are starting, serving, draining`,
    );
  }
  if (!Number.isInteger(weight) || weight < 1 || weight > largestWeight) {
    throw new TypeError(`${where}: weight is ${weight}; it must be a whole number from 1 to ${largestWeight}`);
  }
  checkDate(where, startedAt);
  return {
    id,
    service,
    version,
    endpoints: [...endpoints],
    contracts: [...contracts],
    metadata: { ...metadata },
    weight,
    zone,
    state,
    startedAt: new Date(startedAt),
  };
}

/** Reads a stored or received instance; what was left out has its default. @throws TypeError where it makes no sense */
export function fromMessage(message: InstanceMessage): Instance {
  const { id, version, endpoints, contracts, metadata, zone } = message;
  const service = checkServiceName(message.service);
  if (!legalName.test(id)) {
    throw new TypeError(`instance ${JSON.stringify(id)} of ${service}: an id is ${legalNames}`);
  }
  const where = `instance ${JSON.stringify(id)}`;
  const state = stateNames.get(message.state);
  if (state === undefined)
    throw new TypeError(`${where}: its state is not known here; was it written by a newer Hawser?`);
  const weight = message.weight === 0 ? usualWeight : message.weight;
  if (!Number.isInteger(weight) || weight < 0) throw new TypeError(`${where}: weight is not a whole number`);
  const startedAt = message.startedAt ?? new Date(0);
  checkDate(where, startedAt);
  return { id, service, version, endpoints, contracts, metadata: { ...metadata }, weight, zone, state, startedAt };
}

/** A copy that nobody else holds, checked. @throws TypeError where a registry could not carry the instance */
export function copyInstance(instance: Instance): Instance {
  return fromMessage(toMessage(instance));
}

/** The same for what shall replace `current`. @throws TypeError also where it has another id or service */
export function copyUpdate(current: Instance, next: Instance): Instance {
  const { id, service } = current;
  if (next.id === id && next.service === service) return copyInstance(next);
  throw new TypeError(
    `instance "${id}" of ${service}: an update cannot change id or service, and this one says "${next.id}" of ${next.service}`,
  );
}

/** Printable ASCII without space and "/": names become path segments in backends. */
const legalName = /^[!-.0-~]+$/;
const legalNames = 'one or more printable ASCII characters other than space and "/"';

/** @throws TypeError where no service can have this name */
export function checkServiceName(service: string): string {
  if (legalName.test(service)) return service;
  throw new TypeError(`service ${JSON.stringify(service)}: a service name is ${legalNames}`);
}

/** Not everybody who registers has a compiler that would say so. */
function checkTexts(where: string, instance: Instance): void {
  const { id, service, version, zone, endpoints, contracts, metadata } = instance;
  const fail = (field: string, value: unknown, wanted: string) => {
    throw new TypeError(`${where}: ${field} is ${JSON.stringify(value)}; it must be ${wanted}`);
  };
  for (const [field, value] of Object.entries({ id, service, version, zone })) {
    if (!isText(value)) fail(field, value, "a string");
  }
  for (const [field, value] of Object.entries({ endpoints, contracts })) {
    if (!Array.isArray(value) || !value.every(isText)) fail(field, value, "an array of strings");
  }
  const isObject = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata);
  if (!isObject || !Object.values(metadata).every(isText)) fail("metadata", metadata, "an object of strings");
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function checkDate(where: string, startedAt: Date): void {
  if (startedAt instanceof Date && !Number.isNaN(startedAt.getTime())) return;
  throw new TypeError(`${where}: startedAt is no date`);
}
