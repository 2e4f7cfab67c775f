import type { Logger } from "../../contract/contract.js";
import type { OwnedListener } from "../spec.js";
import type { StopTime } from "../stop-time.js";
import { type StartStepOptions, startStep } from "./start-step.js";

/** The servers of other kinds that belong to a service. */
export class OwnedListeners {
  readonly #logger: Logger;
  readonly #wanted: OwnedListener[] = [];
  /** Those whose start was asked for, whatever came of it. */
  readonly #begun: OwnedListener[] = [];

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Whether there is one to be closed. */
  get open(): boolean {
    return this.#begun.length > 0;
  }

  add(listener: OwnedListener): void {
    this.#wanted.push(listener);
  }

  /** One after the other. Resolves with the endpoints of those that have one. */
  async start(options: StartStepOptions & { readonly onStep: (step: string) => void }): Promise<readonly string[]> {
    const endpoints: string[] = [];
    for (const listener of this.#wanted) {
      options.onStep(`starting ${options.service}: ${listener.name} to listen`);
      const begin = (): Promise<string | undefined> => {
        this.#begun.push(listener);
        return listener.start();
      };
      const endpoint = await startStep(`${listener.name} listener`, begin, options);
      if (endpoint !== undefined) endpoints.push(endpoint);
    }
    return endpoints;
  }

  /** All at once. */
  async close(stop: StopTime): Promise<void> {
    const close = (listener: OwnedListener): Promise<void> =>
      stop.late(`the ${listener.name} listener`, this.#logger, () => listener.close({ graceMs: stop.graceMs }));
    await Promise.all(this.#begun.splice(0).map(close));
  }
}
