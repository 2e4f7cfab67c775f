import { HealthDefinition } from "../../gen/grpc/health/v1/health.js";

/** What runs in pods of its own: a process of an app, or its registry. Nothing is left to choose. */
export interface Workload {
  /** Of its objects. */
  readonly name: string;
  /** What it is called in the app. */
  readonly process: string;
  readonly app: string;
  readonly version: string | undefined;
  readonly namespace: string | undefined;
  readonly image: string;
  readonly command: readonly string[];
  /** Where it listens; the first answers the probes. */
  readonly ports: readonly number[];
  readonly replicas: number;
  /** How others reach it by its name: pod by pod, to share the load themselves; or at one address, as there can be only one of it. */
  readonly called: "pod by pod" | "at one address" | "not at all";
  /** The ConfigMap and the Secret its environment comes from. */
  readonly values: string;
  readonly secrets: string;
}

/** A Deployment; a Service where it is called, and a PodDisruptionBudget where there are several. */
export function manifests(workload: Workload): readonly object[] {
  const { name, namespace, replicas, called } = workload;
  const common = { metadata: { name, ...(namespace !== undefined && { namespace }), labels: labels(workload) } };
  const selector = { matchLabels: selected(workload) };
  return [
    { apiVersion: "apps/v1", kind: "Deployment", ...common, spec: deploymentSpec(workload) },
    ...(called === "not at all" ? [] : [{ apiVersion: "v1", kind: "Service", ...common, spec: serviceSpec(workload) }]),
    ...(replicas > 1
      ? [{ apiVersion: "policy/v1", kind: "PodDisruptionBudget", ...common, spec: { maxUnavailable: 1, selector } }]
      : []),
  ];
}

function deploymentSpec(workload: Workload): object {
  const { replicas, called } = workload;
  const matchLabels = selected(workload);
  const spread = {
    maxSkew: 1,
    topologyKey: "kubernetes.io/hostname",
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels },
  };
  return {
    replicas,
    selector: { matchLabels },
    strategy:
      called === "at one address"
        ? { type: "Recreate" } // two would know a half each
        : { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: {
      metadata: { labels: labels(workload) },
      spec: {
        containers: [container(workload)],
        volumes: [{ name: "tmp", emptyDir: {} }],
        ...(replicas > 1 && { topologySpreadConstraints: [spread] }),
        terminationGracePeriodSeconds: 40, // a stop takes 27.5 s at most: calls, hooks, leaving the registry
        automountServiceAccountToken: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000, // "node" in the images of Node
          runAsGroup: 1000,
          seccompProfile: { type: "RuntimeDefault" },
        },
      },
    },
  };
}

function container(workload: Workload): object {
  const { process, image, command, ports, values, secrets } = workload;
  const [port] = ports;
  const ready = { grpc: { port }, timeoutSeconds: 5 };
  const alive = { grpc: { port, service: HealthDefinition.fullName }, timeoutSeconds: 5 }; // a service that is unwell needs no restart
  return {
    name: process,
    image,
    command: command.map(literal),
    ports: containerPorts(workload).map(({ name, port }) => ({ name, containerPort: port })),
    envFrom: [{ configMapRef: { name: values } }, { secretRef: { name: secrets, optional: true } }],
    env: [{ name: "HAWSER_ADVERTISE", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
    startupProbe: { ...alive, periodSeconds: 2, failureThreshold: 30 },
    readinessProbe: { ...ready, periodSeconds: 5 },
    livenessProbe: { ...alive, periodSeconds: 10, failureThreshold: 3 },
    resources: { requests: { cpu: "100m", memory: "128Mi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
  };
}

function serviceSpec(workload: Workload): object {
  return {
    ...(workload.called === "pod by pod" && { clusterIP: "None" }),
    selector: selected(workload),
    ports: containerPorts(workload).map(({ name, port }) => ({
      name,
      port,
      targetPort: name,
      appProtocol: "kubernetes.io/h2c",
    })),
  };
}

/** Names of ports have 15 characters at most, which not every service's name has. */
function containerPorts({ ports }: Workload): readonly { readonly name: string; readonly port: number }[] {
  return ports.map((port, index) => ({ name: index === 0 ? "grpc" : `grpc-${index + 1}`, port }));
}

/** What tells the pods of a workload from all others. Never changes: a Deployment cannot change its selector. */
function selected({ process, app }: Workload): object {
  return { "app.kubernetes.io/name": process, "app.kubernetes.io/part-of": app };
}

function labels(workload: Workload): object {
  const { version } = workload;
  return {
    ...selected(workload),
    ...(version !== undefined && { "app.kubernetes.io/version": labelValue(version) }),
  };
}

/** Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
function labelValue(text: string): string {
  return text
    .replace(/[^A-Za-z0-9._-]/g, "_")
    .slice(0, 63)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
}

/** Kubernetes would put variables in the place of `$(NAME)`. */
function literal(text: string): string {
  return text.replaceAll("$(", "$$$$(");
}
