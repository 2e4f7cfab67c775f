import {
  type DiagLogger,
  DiagLogLevel,
  diag,
  type ProxyTracerProvider,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import type { NodeSDK } from "@opentelemetry/sdk-node";
import type { Logger } from "../contract/contract.js";
import { realTracerProvider } from "./global-providers.js";
import { type MetricExport, metricExportsFromEnv } from "./metric-export.js";
import { OwnedTracerProvider, ownerOfParent } from "./owned-tracer.js";
import { ProcessResource } from "./process-resource.js";
import type { ServiceIdentity } from "./service-identity.js";
import { ServiceProviders } from "./service-providers.js";
import type { WantedSignals } from "./wanted-signals.js";

type SdkNode = typeof import("@opentelemetry/sdk-node");

/** OpenTelemetry's SDK, started: exporters, sampling and propagation as the environment says, no instrumentation. */
export class Sdk {
  readonly #node: SdkNode;
  readonly #resource: ProcessResource;
  readonly #metricExports: readonly MetricExport[];
  readonly #sdk: NodeSDK;
  readonly #services = new Set<ServiceProviders>();
  #tracerProvider: TracerProvider | undefined;

  /** @throws Error where the package is not installed */
  static async start(identity: ServiceIdentity, wanted: WantedSignals): Promise<Sdk> {
    return new Sdk(await load(), identity, wanted);
  }

  private constructor(node: SdkNode, identity: ServiceIdentity, wanted: WantedSignals) {
    this.#node = node;
    this.#resource = new ProcessResource(node.resources, identity);
    const { resource } = this.#resource;
    this.#metricExports = wanted.metrics ? metricExportsFromEnv(node, resource) : [];
    this.#sdk = new node.NodeSDK({
      resource,
      autoDetectResources: false,
      instrumentations: [],
      metricReaders: this.#metricExports.map(({ reader }) => reader),
      ...(wanted.traces ? {} : { spanProcessors: [] }),
      ...(wanted.logs ? {} : { logRecordProcessors: [] }),
    });
    this.#sdk.start();
  }

  /** Providers for one service of this process, by the exporters of the process. */
  forService(identity: ServiceIdentity): ServiceProviders {
    const resource = this.#resource.of(identity);
    const providers = new ServiceProviders(this.#node, identity, resource, this.#spans(), this.#metricExports);
    this.#services.add(providers);
    return providers;
  }

  /** Exports what is left of a service; its spans go with those of the process. */
  async end(service: ServiceProviders): Promise<void> {
    try {
      await service.shutdown();
    } finally {
      this.#services.delete(service);
    }
  }

  /** Exports what is left of all. */
  async shutdown(): Promise<void> {
    try {
      await Promise.all([...this.#services].map((service) => service.shutdown()));
    } finally {
      await this.#sdk.shutdown();
    }
  }

  /** The SDK's own provider. From the first service on, spans that others start in a handler are of its service too. */
  #spans(): TracerProvider | undefined {
    if (this.#tracerProvider === undefined) {
      this.#tracerProvider = realTracerProvider();
      const api = trace.getTracerProvider() as ProxyTracerProvider;
      if (this.#tracerProvider !== undefined)
        api.setDelegate(new OwnedTracerProvider(this.#tracerProvider, ownerOfParent));
    }
    return this.#tracerProvider;
  }
}

async function load(): Promise<typeof import("@opentelemetry/sdk-node")> {
  try {
    return await import("@opentelemetry/sdk-node");
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new Error(
      "startTelemetry: the OTEL_* variables ask for telemetry, and @opentelemetry/sdk-node is not installed; " +
        "npm install @opentelemetry/sdk-node, or set OTEL_SDK_DISABLED=true",
      { cause: error },
    );
  }
}

/** Missing itself, not broken inside. */
function isMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND" &&
    error.message.includes("'@opentelemetry/sdk-node'")
  );
}

/** Lets a logger hear what the SDK has to complain of. */
export function reportTo(logger: Logger): void {
  const warn = (message: string, ...details: unknown[]): void => {
    logger.warn(details.length === 0 ? {} : { details }, `telemetry: ${message}`);
  };
  const nothing = (): void => {};
  const target: DiagLogger = { error: warn, warn, info: nothing, debug: nothing, verbose: nothing };
  diag.setLogger(target, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}
