import type { FakeSlice } from "./fake-kubernetes-api.js";

export interface FakeEndpoint {
  readonly addresses?: readonly string[] | null;
  readonly conditions?: { readonly ready?: boolean | null; readonly serving?: boolean; readonly terminating?: boolean };
  readonly targetRef?: unknown;
  readonly nodeName?: string;
  readonly zone?: string;
}

const grpc = { name: "grpc", port: 50_051, protocol: "TCP" };

/** A slice as the cluster writes it for a Service. */
export function slice(
  name: string,
  endpoints: readonly FakeEndpoint[],
  changes: Record<string, unknown> = {},
): FakeSlice {
  const { service = "orders", namespace = "default", labels = {}, ...others } = changes;
  return {
    metadata: {
      name,
      namespace: namespace as string,
      labels: { "kubernetes.io/service-name": service as string, ...(labels as Record<string, string>) },
    },
    addressType: "IPv4",
    ports: [grpc],
    endpoints,
    ...others,
  };
}

/** A pod that is ready. */
export function pod(
  name: string,
  address: string,
  changes: Partial<FakeEndpoint> & { readonly uid?: string } = {},
): FakeEndpoint {
  const { uid = `uid-of-${name}`, ...others } = changes;
  return {
    addresses: [address],
    conditions: { ready: true, serving: true, terminating: false },
    targetRef: { kind: "Pod", name, namespace: "default", uid },
    nodeName: "node-1",
    zone: "eu-west-1a",
    ...others,
  };
}
