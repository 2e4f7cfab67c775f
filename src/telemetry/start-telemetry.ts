import type { MeterProvider, TracerProvider } from "@opentelemetry/api";
import type { Closeable, Logger } from "../contract/contract.js";
import { realMeter, realTracerProvider } from "./global-providers.js";
import { ProcessTelemetry } from "./process-telemetry.js";
import { checkIdentity, type ServiceIdentity } from "./service-identity.js";
import { wantedSignals } from "./wanted-signals.js";

export interface StartTelemetryOptions extends ServiceIdentity {
  /** `service.name` of all that is exported, unless `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` says otherwise. */
  readonly serviceName: string;
  /** Is told what goes wrong with exporting. Default: nobody, unless `OTEL_LOG_LEVEL` is set. */
  readonly logger?: Logger;
  /** How long `close()` may take to export what is left. Default: 5 000. */
  readonly flushTimeoutMs?: number;
}

/** The telemetry of this process. `close()` exports what is left, so it comes last. */
export interface Telemetry extends Closeable {
  /**
   * For one of several services in this process: what it reports is exported by the same exporters, under its own name.
   *
   * @example const own = telemetry.forService({ serviceName: "orders" }); serverTelemetry({ ...own, clock })
   * @throws TypeError where there is no name
   */
  forService(service: ServiceIdentity): ServiceTelemetry;
}

/**
 * Part of the options of `serverTelemetry` and `clientTelemetry`; empty where no SDK was started here. `close()` exports
 * what is left of the service's metrics and forgets it: for one that ends before its process.
 */
export interface ServiceTelemetry extends Closeable {
  readonly tracerProvider?: TracerProvider;
  readonly meterProvider?: MeterProvider;
}

/**
 * Starts the OpenTelemetry SDK as the `OTEL_*` variables say. Does nothing where they ask for nothing, or where the
 * process has an SDK already. OpenTelemetry registers itself once a process: who starts it again shares it, and the name
 * of the first stands for whatever is not reported through `forService()`.
 *
 * @throws Error where telemetry is asked for and `@opentelemetry/sdk-node` is not installed
 */
export async function startTelemetry(options: StartTelemetryOptions): Promise<Telemetry> {
  checkIdentity("startTelemetry", options);
  const wanted = wantedSignals(process.env);
  if (!wanted.traces && !wanted.metrics && !wanted.logs) return new Share(undefined);
  if (current === undefined || current.ended) {
    if (realTracerProvider() !== undefined || realMeter() !== undefined) return new Share(undefined);
    current = new ProcessTelemetry(options, wanted);
  }
  const joined = current;
  await joined.join();
  return new Share(joined);
}

let current: ProcessTelemetry | undefined;

/** What one of several who share a process holds. */
class Share implements Telemetry {
  readonly #telemetry: ProcessTelemetry | undefined;
  #closed: Promise<void> | undefined;

  constructor(telemetry: ProcessTelemetry | undefined) {
    this.#telemetry = telemetry;
  }

  forService(service: ServiceIdentity): ServiceTelemetry {
    checkIdentity("forService", service);
    const telemetry = this.#telemetry;
    const providers = telemetry?.forService(service);
    const close = async (): Promise<void> => providers && telemetry?.endService(providers);
    return {
      ...(providers?.tracerProvider && { tracerProvider: providers.tracerProvider }),
      ...(providers?.meterProvider && { meterProvider: providers.meterProvider }),
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  close(): Promise<void> {
    this.#closed ??= this.#telemetry?.leave() ?? Promise.resolve();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
