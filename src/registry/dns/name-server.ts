import { Resolver } from "node:dns/promises";
import { Code, RpcError } from "../../errors/errors.js";
import type { ResolvedDnsOptions } from "./options.js";

export interface Address {
  readonly address: string;
  readonly ttlMs: number;
}

export interface Target {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/**
 * Asks the name servers. A name that is not there has no records; only what is no answer throws: a timeout, SERVFAIL, a
 * refusal.
 */
export class NameServer {
  readonly #name: string;
  readonly #resolver: Resolver;

  constructor({ name, servers, timeoutMs }: ResolvedDnsOptions) {
    this.#name = name;
    this.#resolver = new Resolver({ timeout: timeoutMs, tries: 2 });
    if (servers.length > 0) this.#resolver.setServers(servers);
  }

  /** @throws RpcError UNAVAILABLE */
  async addresses(name: string, family: 4 | 6): Promise<readonly Address[]> {
    const records = await this.#answer(
      family === 4 ? this.#resolver.resolve4(name, { ttl: true }) : this.#resolver.resolve6(name, { ttl: true }),
    );
    return records.map(({ address, ttl }) => ({ address, ttlMs: ttl * 1_000 }));
  }

  /** Node keeps their times to live to itself. @throws RpcError UNAVAILABLE */
  targets(name: string): Promise<readonly Target[]> {
    return this.#answer(this.#resolver.resolveSrv(name));
  }

  /** What is being asked for fails. */
  cancel(): void {
    this.#resolver.cancel();
  }

  async #answer<T>(records: Promise<readonly T[]>): Promise<readonly T[]> {
    try {
      return await records;
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code === "ENOTFOUND" || code === "ENODATA") return [];
      throw new RpcError(Code.UNAVAILABLE, `${this.#name}: the name servers do not answer (${message})`, { cause });
    }
  }
}
