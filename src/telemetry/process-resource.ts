import type { resources } from "@opentelemetry/sdk-node";
import type { ServiceIdentity } from "./service-identity.js";

type Resources = typeof resources;
type Resource = resources.Resource;

/** What is said of the process in all that is exported, and of each service in it. */
export class ProcessResource {
  /** Of what belongs to no service. What the environment says is on top. */
  readonly resource: Resource;
  readonly #resources: Resources;
  readonly #name: string;
  readonly #detected: Resource;

  constructor(resources: Resources, identity: ServiceIdentity) {
    this.#resources = resources;
    this.#name = identity.serviceName;
    this.#detected = resources.detectResources({ detectors: detectorsFromEnv(resources) });
    const own = resources.resourceFromAttributes(attributesOf(identity));
    this.resource = resources.defaultResource().merge(own).merge(this.#detected);
  }

  /**
   * As that of the process, but for what only the service can say: its name and the id of its instance. A name that the
   * environment gives cannot be that of them all: it is their namespace, as the process's own is otherwise.
   */
  of(service: ServiceIdentity): Resource {
    const namespace = this.#said("service.namespace") ?? this.#said("service.name") ?? this.#name;
    const version = this.#said("service.version");
    const own = {
      ...(namespace === service.serviceName ? {} : { "service.namespace": namespace }),
      ...attributesOf(service),
      ...(version === undefined ? {} : { "service.version": version }),
    };
    return this.resource.merge(this.#resources.resourceFromAttributes(own));
  }

  /** By the environment. Raw, because others (the host's id) are still being looked up; the first of a name counts. */
  #said(name: string): string | undefined {
    const value = this.#detected.getRawAttributes().find(([each]) => each === name)?.[1];
    return typeof value === "string" ? value : undefined;
  }
}

function attributesOf({ serviceName, serviceVersion, instanceId }: ServiceIdentity): {
  readonly [key: string]: string;
} {
  return {
    "service.name": serviceName,
    ...(serviceVersion === undefined ? {} : { "service.version": serviceVersion }),
    ...(instanceId === undefined ? {} : { "service.instance.id": instanceId }),
  };
}

/** As `NodeSDK` reads `OTEL_NODE_RESOURCE_DETECTORS`, which it keeps to itself. */
function detectorsFromEnv(resources: Resources): resources.ResourceDetector[] {
  const known = new Map([
    ["host", resources.hostDetector],
    ["os", resources.osDetector],
    ["serviceinstance", resources.serviceInstanceIdDetector],
    ["process", resources.processDetector],
    ["env", resources.envDetector],
  ]);
  const asked = listOf(process.env["OTEL_NODE_RESOURCE_DETECTORS"]) ?? ["env", "process", "host"];
  if (asked.includes("all")) return [...known.values()];
  return asked.flatMap((name) => known.get(name) ?? []);
}

function listOf(value: string | undefined): readonly string[] | undefined {
  const names = value?.split(",").map((name) => name.trim());
  return names?.some((name) => name !== "") ? names : undefined;
}
