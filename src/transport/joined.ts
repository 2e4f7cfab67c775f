import { parseAddress } from "./address.js";
import type { Address, Channel, Listener, Router, Transport } from "./transport.js";

/**
 * Several transports as one: each address goes to the one that knows its scheme, and of an instance's endpoints those of
 * the first transport are preferred.
 *
 * @throws TypeError where there are none, or two of them claim one scheme
 */
export function joinTransports(...transports: readonly Transport[]): Transport {
  if (transports.length === 0) throw new TypeError("joinTransports: expected at least one transport");
  const byScheme = new Map<string, Transport>();
  for (const transport of transports) {
    for (const scheme of transport.schemes) {
      const other = byScheme.get(scheme);
      if (other !== undefined) throw new TypeError(`${scheme}:// belongs to both ${other.name} and ${transport.name}`);
      byScheme.set(scheme, transport);
    }
  }
  const schemes = [...byScheme.keys()];

  function of(address: Address): Transport {
    const transport = byScheme.get(parseAddress(address).scheme);
    if (transport !== undefined) return transport;
    throw new TypeError(
      `address ${JSON.stringify(address)}: expected ${schemes.map((scheme) => `${scheme}://`).join(", ")}`,
    );
  }

  return {
    name: transports.map(({ name }) => name).join("+"),
    schemes,
    connect: (address: Address): Channel => of(address).connect(address),
    listen: async (address: Address, router: Router): Promise<Listener> => of(address).listen(address, router),
  };
}
