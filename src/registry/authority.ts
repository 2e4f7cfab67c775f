import { isIPv6 } from "node:net";

/** Host and port as they stand in an endpoint: an IPv6 address in brackets. */
export function authority(host: string, port: number | string): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** Orders endpoints: IPv4 and names before IPv6, which fewer networks have. */
export function byFamily(a: string, b: string): number {
  const [v6a, v6b] = [a.includes("["), b.includes("[")];
  return v6a === v6b ? (a < b ? -1 : Number(a > b)) : Number(v6a) - Number(v6b);
}
