import type { Instance } from "../../../contract/contract.js";
import { fromMessage, InstanceMessage, toMessage } from "../../instance-message.js";
import { checkPrefix, type Keys, under } from "../layout.js";

/** `<prefix>/<service>/<id>` holds an instance as proto3 JSON, so that `etcdctl get` can be read. */
export function hawserLayout(prefix = "/hawser/instances"): Keys {
  checkPrefix(prefix);
  const of = ({ service, id }: Instance): Buffer => Buffer.from(`${prefix}/${service}/${id}`);
  return {
    layout: "hawser",
    service: (service) => under(`${prefix}/${service}/`),
    everything: () => under(`${prefix}/`),
    of,
    encode: (instance) => Buffer.from(JSON.stringify(InstanceMessage.toJSON(toMessage(instance)))),
    decode(key, value) {
      const instance = fromMessage(InstanceMessage.fromJSON(JSON.parse(value.toString())));
      const expected = of(instance).toString();
      if (key !== expected) throw new TypeError(`it says that it belongs under ${expected}`);
      return [instance];
    },
  };
}
