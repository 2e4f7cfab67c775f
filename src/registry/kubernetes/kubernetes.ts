import type { Instance } from "../../contract/contract.js";
import { closedError, notListedError, notRegisteredHereError } from "../failures.js";
import type { Registration, Registry, RegistryCapabilities, ServiceSummary, Snapshot, Watch } from "../registry.js";
import { summarize } from "../summaries.js";
import { Watchers } from "../watchers.js";
import { kubernetesHint } from "./failures.js";
import { HttpKubernetesApi } from "./http-api.js";
import { joined } from "./joined.js";
import { fieldsOf, textOf } from "./json.js";
import { type KubernetesRegistryOptions, type ResolvedKubernetesOptions, resolveKubernetesOptions } from "./options.js";
import { serviceAddress } from "./service-address.js";
import { readSlice, type Slice } from "./slice.js";
import { SliceWatch } from "./slice-watch.js";

export type { KubernetesCredentials } from "./credentials.js";
export type { KubernetesRegistryOptions } from "./options.js";

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
  return new KubernetesRegistry(resolveKubernetesOptions(options));
}

/** Says of which service a slice is a part. */
const serviceLabel = "kubernetes.io/service-name";

class KubernetesRegistry implements Registry {
  readonly name: string;
  readonly capabilities: RegistryCapabilities = { register: false, lease: true, watch: "push" };
  readonly #options: ResolvedKubernetesOptions;
  readonly #api: HttpKubernetesApi;
  readonly #watchers: Watchers;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(options: ResolvedKubernetesOptions) {
    const { name, logger, clock, monitor, settleMs } = options;
    this.name = name;
    this.#options = options;
    this.#api = new HttpKubernetesApi(options);
    this.#watchers = new Watchers({
      registryName: name,
      logger,
      clock,
      monitor,
      settleMs,
      follow: (feed) => {
        const { name: service, namespace } = serviceAddress(feed.service, options.namespace);
        const scope = { namespace, labelSelector: this.#selector(`${serviceLabel}=${service}`) };
        const watch = new SliceWatch(feed, this.#api, options, scope);
        watch.start();
        return () => watch.close();
      },
    });
  }

  async register(_instance: Instance): Promise<Registration> {
    if (this.#closed !== undefined) throw closedError(this.name);
    throw notRegisteredHereError(this.name, "the cluster, by its EndpointSlices,");
  }

  /** @throws TypeError for a name that Kubernetes can give to no service */
  watch(service: string, onSnapshot: (snapshot: Snapshot) => void): Watch {
    serviceAddress(service, this.#options.namespace);
    return this.#watchers.watch(service, onSnapshot);
  }

  /** Those of the namespace that have a port for us. */
  async list(): Promise<readonly ServiceSummary[]> {
    if (this.#closed !== undefined) throw closedError(this.name);
    const { namespace, portName, scheme } = this.#options;
    const scope = { namespace, labelSelector: this.#selector(serviceLabel) };
    const { slices } = await this.#api.list(scope, this.#closing.signal).catch((cause: unknown) => {
      throw notListedError(this.name, cause, kubernetesHint);
    });
    const services = new Map<string, Slice[]>();
    for (const object of slices) {
      const service = serviceOf(object);
      services.set(service, [...(services.get(service) ?? []), readSlice(object, { service, portName, scheme })]);
    }
    return summarize([...services.values()].flatMap(joined));
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    this.#closing.abort();
    await this.#watchers.close();
    this.#api.close();
  }

  #selector(own: string): string {
    const { labelSelector } = this.#options;
    return labelSelector === undefined ? own : `${own},${labelSelector}`;
  }
}

function serviceOf(slice: unknown): string {
  return textOf(fieldsOf(fieldsOf(fieldsOf(slice)["metadata"])["labels"])[serviceLabel]);
}
