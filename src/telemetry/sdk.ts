import { type DiagLogger, DiagLogLevel, diag } from "@opentelemetry/api";
import type { Logger } from "../contract/contract.js";
import type { WantedSignals } from "./wanted-signals.js";

/** What of OpenTelemetry's SDK is needed here. */
export interface Sdk {
  shutdown(): Promise<void>;
}

/** Loads the SDK and starts it: exporters, sampling and propagation as the environment says, no instrumentation. */
export async function startSdk(resource: { [key: string]: string }, wanted: WantedSignals): Promise<Sdk> {
  const { NodeSDK, resources } = await load();
  const sdk = new NodeSDK({
    // Given as the resource and not as `serviceName`, so that what the environment says of the process comes on top.
    resource: resources.defaultResource().merge(resources.resourceFromAttributes(resource)),
    instrumentations: [],
    ...(wanted.traces ? {} : { spanProcessors: [] }),
    ...(wanted.metrics ? {} : { metricReaders: [] }),
    ...(wanted.logs ? {} : { logRecordProcessors: [] }),
  });
  sdk.start();
  return sdk;
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
