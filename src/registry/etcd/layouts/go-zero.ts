import { checkPrefix, type Keys, under } from "../layout.js";
import { hostPort, instanceOf, split } from "./foreign.js";

const address = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/]+):\d{1,5}$/;

/**
 * As go-zero keeps them (`core/discov`): `<service>/<id>` holds `host:port` and nothing else, so version, weight, zone and
 * state are the usual ones for whoever reads.
 *
 * @param prefix what stands before the name of the service, with a "/" between. Default: nothing; `list()` then reads all of etcd
 */
export function goZeroLayout(prefix = ""): Keys {
  checkPrefix(prefix);
  const start = prefix === "" ? "" : `${prefix}/`;
  return {
    layout: "go-zero",
    service: (service) => under(`${start}${service}/`),
    everything: () => under(start),
    of: ({ service, id }) => Buffer.from(`${start}${service}/${id}`),
    encode: (instance) => Buffer.from(hostPort(instance)),
    decode(key, value) {
      const text = value.toString();
      if (!address.test(text)) throw new TypeError(`expected host:port`);
      const [service, id] = split(key, start);
      return [instanceOf({ id: id.replaceAll("/", "-"), service, endpoints: [`grpc://${text}`] }, {})];
    },
  };
}
