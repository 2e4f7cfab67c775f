import { BlockList, isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";

/** As many addresses as are remembered; of more, each is looked up anew. */
const mostRemembered = 1_024;

/**
 * Tells who is on a network of this machine's own. Whoever is not has no business here: the port of mDNS hears all the world
 * where no firewall stands before it, and neither what it says is to be believed nor what it asks to be answered
 * (RFC 6762 §11).
 *
 * @param interfaces Default: this machine's
 */
export function onLink(interfaces: typeof networkInterfaces = networkInterfaces): (address: string) => boolean {
  const remembered = new Set<string>();
  return (address) => {
    if (remembered.has(address)) return true;
    const near = isIPv4(address) && subnets(interfaces()).check(address);
    if (near && remembered.size < mostRemembered) remembered.add(address);
    return near;
  };
}

function subnets(interfaces: ReturnType<typeof networkInterfaces>): BlockList {
  const list = new BlockList();
  for (const { family, cidr } of Object.values(interfaces).flatMap((each) => each ?? [])) {
    const [address = "", bits] = cidr?.split("/") ?? [];
    if (family === "IPv4" && isIPv4(address)) list.addSubnet(address, Number(bits));
  }
  return list;
}
