import { context, diag, metrics, propagation, trace } from "@opentelemetry/api";
import { type Closeable, type Logger, silentLogger } from "../contract/contract.js";
import { systemClock } from "../time/time.js";
import { realMeter, realTracerProvider } from "./global-providers.js";
import { reportTo, type Sdk, startSdk } from "./sdk.js";
import { type WantedSignals, wantedSignals } from "./wanted-signals.js";

export interface StartTelemetryOptions {
  /** `service.name` of all that is exported, unless `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` says otherwise. */
  readonly serviceName: string;
  readonly serviceVersion?: string;
  /** `service.instance.id`. */
  readonly instanceId?: string;
  /** Is told what goes wrong with exporting. Default: nobody, unless `OTEL_LOG_LEVEL` is set. */
  readonly logger?: Logger;
  /** How long `close()` may take to export what is left. Default: 5 000. */
  readonly flushTimeoutMs?: number;
}

/**
 * Starts the OpenTelemetry SDK as the `OTEL_*` variables say. Does nothing where they ask for nothing, or where the
 * process has an SDK already. OpenTelemetry registers itself once a process: services that share a process share its
 * telemetry, named after the first of them. `close()` exports what is left, so it comes last.
 *
 * @throws Error where telemetry is asked for and `@opentelemetry/sdk-node` is not installed
 */
export async function startTelemetry(options: StartTelemetryOptions): Promise<Closeable> {
  if (typeof options?.serviceName !== "string" || options.serviceName === "") {
    throw new TypeError(
      `startTelemetry: serviceName is ${JSON.stringify(options?.serviceName)}; expected the name of the service, e.g. "orders"`,
    );
  }
  const wanted = wantedSignals(process.env);
  if (!wanted.traces && !wanted.metrics && !wanted.logs) return new Share(undefined);
  if (current === undefined) {
    if (realTracerProvider() !== undefined || realMeter() !== undefined) return new Share(undefined);
    current = new ProcessTelemetry(options, wanted);
  }
  return current.join();
}

let current: ProcessTelemetry | undefined;

/** The SDK of this process. Ends when the last who shares it leaves. */
class ProcessTelemetry {
  readonly #options: StartTelemetryOptions;
  readonly #sdk: Promise<Sdk>;
  #shares = 0;

  constructor(options: StartTelemetryOptions, wanted: WantedSignals) {
    this.#options = options;
    if (this.#reports) reportTo(options.logger as Logger);
    this.#sdk = startSdk(resourceOf(options), wanted);
  }

  async join(): Promise<Closeable> {
    this.#shares++;
    try {
      await this.#sdk;
      return new Share(this);
    } catch (error) {
      if (current === this) current = undefined;
      throw error;
    }
  }

  async leave(): Promise<void> {
    this.#shares--;
    if (this.#shares > 0) return;
    current = undefined;
    for (const api of [trace, metrics, propagation, context]) api.disable();
    await this.#flush();
    if (this.#reports) diag.disable();
  }

  get #reports(): boolean {
    return this.#options.logger !== undefined && !process.env["OTEL_LOG_LEVEL"];
  }

  async #flush(): Promise<void> {
    const { logger = silentLogger, flushTimeoutMs = 5000 } = this.#options;
    const sdk = await this.#sdk;
    const trouble = await new Promise<unknown>((resolve) => {
      const tooLate = new Error(`the last export did not end within ${flushTimeoutMs} ms`);
      const timer = systemClock.timer(flushTimeoutMs, () => resolve(tooLate));
      sdk
        .shutdown()
        .then(
          () => undefined,
          (reason) => reason,
        )
        .then((outcome) => {
          timer.cancel();
          resolve(outcome);
        });
    });
    if (trouble !== undefined) logger.warn({ err: trouble }, "telemetry: some of it is lost");
  }
}

function resourceOf(options: StartTelemetryOptions): { [key: string]: string } {
  const { serviceName, serviceVersion, instanceId } = options;
  return {
    "service.name": serviceName,
    ...(serviceVersion === undefined ? {} : { "service.version": serviceVersion }),
    ...(instanceId === undefined ? {} : { "service.instance.id": instanceId }),
  };
}

/** What one of several who share a process holds. */
class Share implements Closeable {
  readonly #telemetry: ProcessTelemetry | undefined;
  #closed: Promise<void> | undefined;

  constructor(telemetry: ProcessTelemetry | undefined) {
    this.#telemetry = telemetry;
  }

  close(): Promise<void> {
    this.#closed ??= this.#telemetry?.leave() ?? Promise.resolve();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
