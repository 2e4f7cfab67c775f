import type { EtcdApi } from "../api.js";
import type { ResolvedEtcdOptions } from "../options.js";

/** Leases that others have taken the place of. They may hold keys, until they are revoked. */
export class ReplacedLeases {
  readonly #api: EtcdApi;
  readonly #options: ResolvedEtcdOptions;
  readonly #ids = new Set<string>();

  constructor(api: EtcdApi, options: ResolvedEtcdOptions) {
    this.#api = api;
    this.#options = options;
  }

  get size(): number {
    return this.#ids.size;
  }

  has(leaseId: string): boolean {
    return this.#ids.has(leaseId);
  }

  add(leaseId: string): void {
    this.#ids.add(leaseId);
  }

  /** Each is asked for once: where that fails it runs out by itself, as nobody renews it. */
  async revoke(timeoutMs?: number): Promise<void> {
    const ids = [...this.#ids];
    this.#ids.clear();
    await Promise.all(ids.map((leaseId) => this.#revoke(leaseId, timeoutMs)));
  }

  async #revoke(leaseId: string, timeoutMs: number | undefined): Promise<void> {
    await this.#api.revoke(leaseId, timeoutMs).catch((err: unknown) => {
      this.#options.logger.debug({ err, leaseId }, "the lease was not revoked; it runs out by itself");
    });
  }
}
