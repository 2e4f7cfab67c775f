import { setMaxListeners } from "node:events";
import { assembleRegistry } from "../assemble-registry.js";
import { notListedError } from "../failures.js";
import { followBy } from "../follow-by.js";
import type { Registry } from "../registry.js";
import { summarize } from "../summaries.js";
import { Watchers } from "../watchers.js";
import { kubernetesHint } from "./failures.js";
import { HttpKubernetesApi } from "./http-api.js";
import { joined } from "./joined.js";
import { fieldsOf, textOf } from "./json.js";
import { type KubernetesRegistryOptions, resolveKubernetesOptions } from "./options.js";
import { serviceAddress } from "./service-address.js";
import { readSlice, type Slice } from "./slice.js";
import { SliceWatch } from "./slice-watch.js";

export type { KubernetesCredentials } from "./credentials.js";
export type { KubernetesRegistryOptions } from "./options.js";

/** Says of which service a slice is a part. */
const serviceLabel = "kubernetes.io/service-name";

/**
 * Who is alive by the EndpointSlices of a Kubernetes cluster (1.21 or newer), which says so itself: pods that are ready
 * serve, pods that terminate drain, others are not there. Nobody registers. A service is the Kubernetes Service of that
 * name, an instance a pod of it, whose name is its id; `orders.prod` is the Service `orders` of the namespace `prod`.
 *
 * The service account needs a Role with the verbs get, list and watch on `endpointslices` of the group
 * `discovery.k8s.io`, in each namespace it watches.
 *
 * @throws TypeError or RangeError for an option that cannot be, and where there is no cluster around
 */
export function kubernetesRegistry(options: KubernetesRegistryOptions = {}): Registry {
  const resolved = resolveKubernetesOptions(options);
  const { name, namespace, portName, scheme, labelSelector, logger, clock, monitor, settleMs } = resolved;
  const api = new HttpKubernetesApi(resolved);
  const closing = new AbortController();
  setMaxListeners(0, closing.signal); // any number of lists may be under way, and each hears of it
  const selector = (own: string): string => (labelSelector === undefined ? own : `${own},${labelSelector}`);
  const watchers = new Watchers({
    registryName: name,
    logger,
    clock,
    monitor,
    settleMs,
    follow: followBy((feed) => {
      const address = serviceAddress(feed.service, namespace);
      const scope = { namespace: address.namespace, labelSelector: selector(`${serviceLabel}=${address.name}`) };
      return new SliceWatch(feed, api, resolved, scope);
    }),
  });
  return assembleRegistry({
    name,
    capabilities: { register: false, lease: true, watch: "push" },
    registrar: "the cluster, by its EndpointSlices,",
    watchers,
    checkService: (service) => void serviceAddress(service, namespace),
    /** Those of the namespace that have a port for us. */
    async list() {
      const scope = { namespace, labelSelector: selector(serviceLabel) };
      const { slices } = await api.list(scope, closing.signal).catch((cause: unknown) => {
        throw notListedError(name, cause, kubernetesHint);
      });
      const services = new Map<string, Slice[]>();
      for (const object of slices) {
        const service = serviceOf(object);
        services.set(service, [...(services.get(service) ?? []), readSlice(object, { service, portName, scheme })]);
      }
      return summarize([...services.values()].flatMap(joined));
    },
    async end() {
      closing.abort();
      await watchers.close();
      api.close();
    },
  });
}

function serviceOf(slice: unknown): string {
  return textOf(fieldsOf(fieldsOf(fieldsOf(slice)["metadata"])["labels"])[serviceLabel]);
}
