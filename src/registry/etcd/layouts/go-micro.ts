import type { Instance } from "../../../contract/contract.js";
import { checkPrefix, type Keys, under } from "../layout.js";
import { hostPort, instanceOf, labelsOf, objectIn, split, textOf } from "./foreign.js";

/**
 * As go-micro keeps them (`registry/etcd`): `<prefix>/<service>/<node>` holds a service with the one node, as JSON; "/" in
 * names is "-" there. A node speaks what its label `protocol` says; only those that say `grpc` can be called.
 *
 * @param prefix Default: `/micro/registry`
 */
export function goMicroLayout(prefix = "/micro/registry"): Keys {
  checkPrefix(prefix);
  return {
    layout: "go-micro",
    service: (service) => under(`${prefix}/${service}/`),
    everything: () => under(`${prefix}/`),
    of: ({ service, id }) => Buffer.from(`${prefix}/${service}/${id}`),
    encode(instance) {
      const { id, service: name, version } = instance;
      const protocol = { protocol: "grpc", server: "grpc", transport: "grpc", registry: "etcd" };
      const node = { id, address: hostPort(instance), metadata: { ...labelsOf(instance), ...protocol } };
      return Buffer.from(JSON.stringify({ name, version, metadata: {}, endpoints: [], nodes: [node] }));
    },
    decode(key, value) {
      const { version, nodes } = objectIn(value, "{ name, version, nodes }");
      const [service] = split(key, `${prefix}/`);
      if (!Array.isArray(nodes)) throw new TypeError("expected nodes: [{ id, address }]");
      return nodes.map((node) => instanceOfNode(node, service, typeof version === "string" ? version : ""));
    },
  };
}

interface Node {
  readonly id?: unknown;
  readonly address?: unknown;
  readonly metadata?: { readonly protocol?: unknown } | null;
}

function instanceOfNode(node: Node | null, service: string, version: string): Instance {
  const id = textOf(node?.id, "the id of a node").replaceAll("/", "-");
  const address = textOf(node?.address, "the address of a node");
  const protocol = node?.metadata?.protocol ?? "mucp"; // what a server spoke before it could say so
  return instanceOf({ id, service, version, endpoints: [`${protocol}://${address}`] }, node?.metadata);
}
