import type { Instance } from "../../../contract/contract.js";
import { copyInstance, fromMessage, InstanceMessage, toMessage } from "../../instance-message.js";

/** The label under which an instance of ours keeps what a foreign layout has no place for, as proto3 JSON. */
const whole = "hawser.instance";

export type Labels = { readonly [name: string]: string };

/** What others read of an instance, and with it what only Hawser reads. */
export function labelsOf(instance: Instance): Labels {
  return { ...instance.metadata, [whole]: JSON.stringify(InstanceMessage.toJSON(toMessage(instance))) };
}

/** What every layout can say of an instance. */
export interface Known {
  readonly id: string;
  readonly service: string;
  readonly endpoints: readonly string[];
  readonly version?: string;
  readonly weight?: number;
}

/** The instance that labels speak of; of one that is not ours, what is known. @throws TypeError where it makes no sense */
export function instanceOf(known: Known, labels: unknown): Instance {
  const metadata = texts(labels);
  const ours = metadata[whole];
  if (ours === undefined) {
    return copyInstance({
      version: "",
      contracts: [],
      weight: 100,
      zone: "",
      state: "serving",
      startedAt: new Date(0),
      ...known,
      metadata,
    });
  }
  const instance = fromMessage(InstanceMessage.fromJSON(JSON.parse(ours)));
  if (instance.id === known.id && instance.service === known.service) return instance;
  throw new TypeError(`its label says that it is "${instance.id}" of ${instance.service}`);
}

/** Those of the labels that are texts. */
function texts(labels: unknown): Labels {
  if (typeof labels !== "object" || labels === null) return {};
  return Object.fromEntries(
    Object.entries(labels).filter((label): label is [string, string] => typeof label[1] === "string"),
  );
}

/** `10.0.0.7:50051` of the first endpoint that speaks gRPC. @throws TypeError where there is none */
export function hostPort({ id, endpoints }: Instance): string {
  const grpc = endpoints.find((endpoint) => /^grpcs?:\/\/[^/]+:\d+$/.test(endpoint));
  if (grpc !== undefined) return grpc.replace(/^\w+:\/\//, "");
  throw new TypeError(
    `instance "${id}" has no endpoint of the form grpc://host:port, and this layout keeps nothing else`,
  );
}

/** @throws TypeError for what is no object, with what it should be */
export function objectIn(value: Buffer, expected: string): { readonly [name: string]: unknown } {
  const parsed: unknown = JSON.parse(value.toString());
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))
    return parsed as { [name: string]: unknown };
  throw new TypeError(`expected ${expected}`);
}

/** @throws TypeError for what is no text */
export function textOf(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw new TypeError(`${name} is no text`);
}

/** `<service>` and `<rest>` of `<prefix>/<service>/<rest>`. @throws TypeError for another key */
export function split(key: string, prefix: string): readonly [service: string, rest: string] {
  const [service, ...rest] = key.startsWith(prefix) ? key.slice(prefix.length).split("/") : [];
  if (service !== undefined && rest.length > 0) return [service, rest.join("/")];
  throw new TypeError(`expected a key of the form ${prefix}<service>/<id>`);
}
