import type { Logger } from "../contract/contract.js";
import type { StopTime } from "./stop-time.js";

/** The clients that are closed with whoever made them; one that is closed before is forgotten. */
export class OwnedClients {
  readonly #open = new Map<AsyncDisposable, string>();

  /** @param service whom it calls, for messages */
  keep<C extends AsyncDisposable>(service: string, client: C): C {
    const given: { close?: unknown; [Symbol.asyncDispose](): PromiseLike<void> } = client;
    const dispose = given[Symbol.asyncDispose];
    const close = async (): Promise<void> => {
      try {
        await dispose.call(client);
      } finally {
        this.#open.delete(client);
      }
    };
    if (given.close === dispose) given.close = close; // else it is a method of the contract
    given[Symbol.asyncDispose] = close;
    this.#open.set(client, service);
    return client;
  }

  get size(): number {
    return this.#open.size;
  }

  /** All at once, with the calls that they still make. */
  async close(stop: StopTime, logger: Logger): Promise<void> {
    const clients = [...this.#open].map(([client, service]) =>
      stop.late(`the client of "${service}"`, logger, () => client[Symbol.asyncDispose]()),
    );
    await Promise.all(clients);
  }
}
