import { context, diag, metrics, propagation, trace } from "@opentelemetry/api";
import { type Logger, silentLogger } from "../contract/contract.js";
import { systemClock } from "../time/time.js";
import { reportTo, Sdk } from "./sdk.js";
import type { ServiceIdentity } from "./service-identity.js";
import type { ServiceProviders } from "./service-providers.js";
import type { WantedSignals } from "./wanted-signals.js";

export interface ProcessTelemetryOptions extends ServiceIdentity {
  readonly logger?: Logger;
  readonly flushTimeoutMs?: number;
}

/** The SDK of this process. Ends when the last who shares it leaves. */
export class ProcessTelemetry {
  readonly #options: ProcessTelemetryOptions;
  readonly #starting: Promise<Sdk>;
  #sdk: Sdk | undefined;
  #shares = 0;
  #ended = false;

  constructor(options: ProcessTelemetryOptions, wanted: WantedSignals) {
    this.#options = options;
    if (this.#reports) reportTo(options.logger as Logger);
    this.#starting = Sdk.start(options, wanted);
  }

  /** Nobody can join any more. */
  get ended(): boolean {
    return this.#ended;
  }

  async join(): Promise<void> {
    this.#shares++;
    try {
      this.#sdk = await this.#starting;
    } catch (error) {
      this.#ended = true;
      throw error;
    }
  }

  async leave(): Promise<void> {
    this.#shares--;
    if (this.#shares > 0) return;
    this.#ended = true;
    for (const api of [trace, metrics, propagation, context]) api.disable();
    await this.#inTime(this.#sdk?.shutdown());
    if (this.#reports) diag.disable();
  }

  /** Undefined once all have left. */
  forService(service: ServiceIdentity): ServiceProviders | undefined {
    return this.#ended ? undefined : this.#sdk?.forService(service);
  }

  endService(service: ServiceProviders): Promise<void> {
    return this.#inTime(this.#sdk?.end(service));
  }

  get #reports(): boolean {
    return this.#options.logger !== undefined && !process.env["OTEL_LOG_LEVEL"];
  }

  /** A last export that fails or takes too long is told to the log. */
  async #inTime(flush: Promise<void> | undefined): Promise<void> {
    const { logger = silentLogger, flushTimeoutMs = 5000 } = this.#options;
    const trouble = await new Promise<unknown>((resolve) => {
      const tooLate = new Error(`the last export did not end within ${flushTimeoutMs} ms`);
      const timer = systemClock.timer(flushTimeoutMs, () => resolve(tooLate));
      Promise.resolve(flush)
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
