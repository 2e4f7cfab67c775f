import type { Address, NameServer } from "./name-server.js";

export interface Entry {
  readonly addresses: readonly Address[];
  /** Why nothing could be learned of the name just now; its addresses are those known last. */
  readonly failure?: unknown;
}

/**
 * The addresses of names, IPv4 first. Where one question cannot be answered (many a name server fails on AAAA, or one of
 * many hosts is in a zone that is down), what was known last stands in for its answer.
 */
export class AddressBook {
  readonly #families: readonly (4 | 6)[];
  #known = new Map<string, readonly Address[]>();

  constructor(families: readonly (4 | 6)[]) {
    this.#families = families;
  }

  async lookUp(name: string, server: NameServer): Promise<Entry> {
    const answers = await Promise.allSettled(this.#families.map((family) => server.addresses(name, family)));
    const addresses = answers.flatMap((answer, index) => this.#believed(`${this.#families[index]} ${name}`, answer));
    const failures = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason] : []));
    const found = answers.some((answer) => answer.status === "fulfilled" && answer.value.length > 0);
    const learned = failures.length === 0 || found;
    return learned ? { addresses } : { addresses, failure: failures[0] };
  }

  /** Forgets every other name. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const key of this.#known.keys()) if (!names.has(key.slice(2))) this.#known.delete(key);
  }

  #believed(key: string, answer: PromiseSettledResult<readonly Address[]>): readonly Address[] {
    if (answer.status === "rejected") {
      return (this.#known.get(key) ?? []).map(({ address }) => ({ address, ttlMs: 0 }));
    }
    this.#known.set(key, answer.value);
    return answer.value;
  }
}
