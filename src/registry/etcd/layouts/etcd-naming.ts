import { checkPrefix, type Keys, under } from "../layout.js";
import { hostPort, instanceOf, labelsOf, objectIn, split, textOf } from "./foreign.js";

/**
 * As etcd's own Go client keeps them for grpc-go (`clientv3/naming/endpoints`): `<service>/<anything>` holds
 * `{ Op: 0, Addr, Metadata }` as JSON.
 *
 * @param prefix what stands before the name of the service, with a "/" between. Default: nothing; `list()` then reads all of etcd
 */
export function etcdNamingLayout(prefix = ""): Keys {
  checkPrefix(prefix);
  const start = prefix === "" ? "" : `${prefix}/`;
  return {
    layout: "etcd-naming",
    service: (service) => under(`${start}${service}/`),
    everything: () => under(start),
    of: ({ service, id }) => Buffer.from(`${start}${service}/${id}`),
    encode: (instance) =>
      Buffer.from(JSON.stringify({ Op: 0, Addr: hostPort(instance), Metadata: labelsOf(instance) })),
    decode(key, value) {
      const { Addr, Metadata } = objectIn(value, "{ Op, Addr, Metadata }");
      const [service, rest] = split(key, start);
      const endpoints = [`grpc://${textOf(Addr, "Addr")}`];
      return [instanceOf({ id: rest.replaceAll("/", "-"), service, endpoints }, Metadata)];
    },
  };
}
