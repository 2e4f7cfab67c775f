import type { Address } from "./transport.js";

/** A share in something that others hold too. */
export interface Share<T> {
  readonly value: T;
  /** To be called once; the last to let go closes what was shared. */
  release(): void;
}

/** One of a kind per address, however many ask for it, opened by the first who does. */
export function sharedByAddress<T extends { close(): void }>(
  open: (address: Address) => T,
): (address: Address) => Share<T> {
  const opened = new Map<Address, { readonly value: T; holders: number }>();
  return (address) => {
    const entry = opened.get(address) ?? { value: open(address), holders: 0 };
    opened.set(address, entry);
    entry.holders++;
    return {
      value: entry.value,
      release: () => {
        if (--entry.holders > 0) return;
        opened.delete(address);
        entry.value.close();
      },
    };
  };
}
