import { createHash } from "node:crypto";

/** What Hawser's instances are in DNS-SD (RFC 6763): `dns-sd -B _hawser._tcp`, `avahi-browse -r _hawser._tcp`. */
export const serviceType = "_hawser._tcp.local";

/** Where browsers ask which types there are (RFC 6763 §9). */
export const allTypes = "_services._dns-sd._udp.local";

/** Only the instances of one service (RFC 6763 §7.1): `_orders._sub._hawser._tcp.local`. */
export function subtypeName(service: string): string {
  return `_${label(service)}._sub.${serviceType}`;
}

export function instanceName(id: string): string {
  return `${label(id)}.${serviceType}`;
}

/** A host of its own for each instance, so that nobody disputes the machine's name with the machine. */
export function hostName(id: string): string {
  return `${label(id)}.local`;
}

/** DNS does not tell upper from lower case. */
export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

const instanceForm = new RegExp(`^[^.]{1,63}\\.${serviceType.replaceAll(".", "\\.")}$`, "i");

/** Whether a name is one of an instance of Hawser. */
export function isInstanceName(name: string): boolean {
  return instanceForm.test(name);
}

const plain = /^[a-z0-9_-]{1,62}$/;

/**
 * A name as one label: as it is where it can be, else what can be read of it and a digest. What the name is in truth stands
 * in the TXT record; a label need only be another for another name.
 */
function label(name: string): string {
  if (plain.test(name)) return name;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 12);
  const readable = name.toLowerCase().replace(/[^a-z0-9_-]/g, "-");
  return `${readable.slice(0, 48)}-${digest}`;
}
