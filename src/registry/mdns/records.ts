import { isIP, isIPv4 } from "node:net";
import type { Instance } from "../../contract/contract.js";
import type { Answer } from "./link.js";
import { allTypes, hostName, instanceName, serviceType, subtypeName } from "./names.js";
import { toTxt } from "./txt.js";

/** What one instance publishes. */
export interface InstanceRecords {
  readonly instance: Instance;
  /** `orders-1._hawser._tcp.local` */
  readonly name: string;
  readonly host: string;
  readonly type: Answer;
  readonly subtype: Answer;
  readonly srv: Answer;
  readonly txt: Answer;
  readonly addresses: readonly Answer[];
}

/** So that a message fits into one frame of an Ethernet, whatever else is on it (RFC 6762 §17). */
const maxMessageBytes = 1_300;
const mostAddresses = 4;

/**
 * The records of an instance, as few of whose contracts are left out as it takes to fit into a message.
 *
 * @throws TypeError where it does not fit without any
 */
export function recordsOf(instance: Instance, ttlSeconds: number): InstanceRecords {
  for (let contracts = instance.contracts; ; contracts = contracts.slice(0, -1)) {
    const records = build({ ...instance, contracts }, ttlSeconds);
    const bytes = messageBytes(allOf(records));
    if (bytes <= maxMessageBytes) return records;
    if (contracts.length > 0) continue;
    throw new TypeError(
      `instance "${instance.id}": it takes ${bytes} bytes, and mDNS carries ${maxMessageBytes}; say less in metadata or endpoints`,
    );
  }
}

export function allOf({ type, subtype, srv, txt, addresses }: InstanceRecords): readonly Answer[] {
  return [type, subtype, srv, txt, ...addresses];
}

/** That the instance is gone (RFC 6762 §10.1). */
export function goodbyeOf(records: InstanceRecords): readonly Answer[] {
  return allOf(records).map((each) => ({ ...each, ttl: 0 }) as Answer);
}

/** That Hawser is among what can be browsed here. */
export function typeRecord(ttlSeconds: number): Answer {
  return { type: "PTR", name: allTypes, ttl: ttlSeconds, data: serviceType };
}

/** Only who owns a name flushes what others know of it (RFC 6762 §10.2); the types are everybody's. */
function build(instance: Instance, ttl: number): InstanceRecords {
  const { id, service } = instance;
  const name = instanceName(id);
  const host = hostName(id);
  const places = instance.endpoints.flatMap((endpoint) => placeOf(endpoint) ?? []);
  const addresses = [...new Set(places.map((place) => place.host).filter((each) => isIP(each) !== 0))];
  const port = places[0]?.port ?? 0;
  return {
    instance,
    name,
    host,
    type: { type: "PTR", name: serviceType, ttl, data: name },
    subtype: { type: "PTR", name: subtypeName(service), ttl, data: name },
    srv: { type: "SRV", name, ttl, flush: true, data: { priority: 0, weight: 0, port, target: host } },
    txt: { type: "TXT", name, ttl, flush: true, data: [...toTxt(instance)] },
    addresses: addresses
      .slice(0, mostAddresses)
      .map((data) => ({ type: isIPv4(data) ? "A" : "AAAA", name: host, ttl, flush: true, data })),
  };
}

/** Where an endpoint is, for whoever reads SRV and A and knows nothing of endpoints. */
export function placeOf(endpoint: string): { readonly host: string; readonly port: number } | undefined {
  const { v6, name, port } =
    /^[a-z0-9+.-]+:\/\/(?:\[(?<v6>[^\]%]+).*\]|(?<name>[^:/]+)):(?<port>\d{1,5})$/.exec(endpoint)?.groups ?? {};
  const host = v6 ?? name;
  return host === undefined || Number(port) > 65_535 ? undefined : { host, port: Number(port) };
}

/** Names are not compressed: as many bytes as characters, a byte before each label and one after the last. */
function messageBytes(answers: readonly Answer[]): number {
  return answers.reduce((sum, answer) => sum + (answer.name as string).length + 2 + 10 + dataBytes(answer), 12);
}

function dataBytes(answer: Answer): number {
  switch (answer.type) {
    case "PTR":
      return answer.data.length + 2;
    case "SRV":
      return 6 + answer.data.target.length + 2;
    case "TXT":
      return (answer.data as readonly Buffer[]).reduce((sum, each) => sum + 1 + each.length, 0);
    default:
      return answer.type === "A" ? 4 : 16;
  }
}
