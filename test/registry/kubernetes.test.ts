import type { Instance } from "../../src/contract/contract.js";
import { kubernetesRegistry } from "../../src/registry/kubernetes/kubernetes.js";
import { registrySuite } from "../conformance/registry.js";
import { pod, slice } from "../support/endpoint-slices.js";
import { FakeKubernetesApi } from "../support/fake-kubernetes-api.js";

/** A cluster in which every pod has a slice of its own. What a slice cannot say, the driver cannot know. */
registrySuite({
  name: "kubernetes",
  capabilities: { register: false, lease: true, watch: "push", distributed: true },
  make: async (monitor) => {
    const api = await FakeKubernetesApi.start();
    const put = ({ id, service, version, state, zone }: Instance) => {
      const conditions = { ready: state === "serving", terminating: state === "draining" };
      const labels = version === "" ? {} : { "app.kubernetes.io/version": version };
      api.put(slice(id, [pod(id, "10.0.0.1", { conditions, zone })], { service, labels }));
    };
    return {
      open: () => kubernetesRegistry({ server: api.url, monitor }),
      close: () => api.close(),
      enter: async (instance) => {
        const entered = asServing(instance);
        put(entered);
        return {
          update: async (changed) => put(asServing(changed)),
          close: async () => api.delete(entered.id),
        };
      },
      seenAs: ({ id, service, version, zone }) => ({
        id,
        service,
        version,
        endpoints: ["grpc://10.0.0.1:50051"],
        contracts: [],
        metadata: { "k8s.namespace.name": "default", "k8s.node.name": "node-1", "k8s.pod.uid": `uid-of-${id}` },
        weight: 100,
        zone,
        state: "serving",
        startedAt: new Date(0),
      }),
    };
  },
  unreachable: {
    open: () => kubernetesRegistry({ server: "http://127.0.0.1:1" }),
    named: "kubernetes://127.0.0.1:1/default",
  },
});

/** A pod that has not become ready is not there at all; that is a story of its own. */
function asServing(instance: Instance): Instance {
  return instance.state === "starting" ? { ...instance, state: "serving" } : instance;
}
