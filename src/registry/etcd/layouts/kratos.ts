import type { Instance } from "../../../contract/contract.js";
import { checkPrefix, type Keys, under } from "../layout.js";
import { instanceOf, labelsOf, objectIn, split, textOf } from "./foreign.js";

/**
 * As go-kratos keeps them (`contrib/registry/etcd`): `<prefix>/<name>/<id>` holds `{ id, name, version, metadata, endpoints }`
 * as JSON; endpoints are URLs. Weights are in the label `weight`, where its selectors look for them.
 *
 * @param prefix the namespace. Default: `/microservices`
 */
export function kratosLayout(prefix = "/microservices"): Keys {
  checkPrefix(prefix);
  return {
    layout: "kratos",
    service: (service) => under(`${prefix}/${service}/`),
    everything: () => under(`${prefix}/`),
    of: ({ service, id }) => Buffer.from(`${prefix}/${service}/${id}`),
    encode(instance) {
      const { id, service: name, version, endpoints, weight } = instance;
      const metadata = { weight: String(weight), ...labelsOf(instance) };
      return Buffer.from(JSON.stringify({ id, name, version, metadata, endpoints }));
    },
    decode(key, value) {
      const found = objectIn(value, "{ id, name, endpoints, … }");
      const [service, id] = split(key, `${prefix}/`);
      if (found["id"] !== id || found["name"] !== service) {
        throw new TypeError(`it says that it is "${found["id"]}" of ${found["name"]}`);
      }
      return [instanceOf({ id, service, ...described(found) }, found["metadata"])];
    },
  };
}

function described({
  version,
  endpoints,
  metadata,
}: {
  readonly [name: string]: unknown;
}): Pick<Instance, "version" | "endpoints" | "weight"> {
  const addresses = Array.isArray(endpoints) ? endpoints : [];
  return {
    version: typeof version === "string" ? version : "",
    endpoints: addresses.map((each) => plain(textOf(each, "an endpoint"))),
    weight: weightOf((metadata as { weight?: unknown } | null | undefined)?.weight),
  };
}

/** `grpc://10.0.0.7:9000?isSecure=true` is how older ones say `grpcs://10.0.0.7:9000`. */
function plain(endpoint: string): string {
  const [address = "", query = ""] = endpoint.split("?");
  return new URLSearchParams(query).get("isSecure") === "true" ? address.replace(/^grpc:/, "grpcs:") : address;
}

function weightOf(text: unknown): number {
  const weight = Number(text);
  return Number.isInteger(weight) && weight > 0 ? weight : 100;
}
