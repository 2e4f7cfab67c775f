import type { Fields } from "./header-block.js";

/** RFC 7541 Appendix A: the entry of index n stands at 2 (n - 1). */
export const staticFields: Fields = [
  ...[":authority", "", ":method", "GET", ":method", "POST", ":path", "/", ":path", "/index.html"],
  ...[":scheme", "http", ":scheme", "https", ":status", "200", ":status", "204", ":status", "206"],
  ...[":status", "304", ":status", "400", ":status", "404", ":status", "500"],
  ...[
    "accept-charset",
    "",
    "accept-encoding",
    "gzip, deflate",
    "accept-language",
    "",
    "accept-ranges",
    "",
    "accept",
    "",
  ],
  ...["access-control-allow-origin", "", "age", "", "allow", "", "authorization", "", "cache-control", ""],
  ...["content-disposition", "", "content-encoding", "", "content-language", "", "content-length", ""],
  ...["content-location", "", "content-range", "", "content-type", "", "cookie", "", "date", "", "etag", ""],
  ...["expect", "", "expires", "", "from", "", "host", "", "if-match", "", "if-modified-since", ""],
  ...["if-none-match", "", "if-range", "", "if-unmodified-since", "", "last-modified", "", "link", "", "location", ""],
  ...["max-forwards", "", "proxy-authenticate", "", "proxy-authorization", "", "range", "", "referer", ""],
  ...["refresh", "", "retry-after", "", "server", "", "set-cookie", "", "strict-transport-security", ""],
  ...["transfer-encoding", "", "user-agent", "", "vary", "", "via", "", "www-authenticate", ""],
];

export const staticEntries: number = staticFields.length / 2;

/** The first index of each name. */
const indexOfName: ReadonlyMap<string, number> = new Map(
  staticFields.flatMap((text, i) => (i % 2 === 0 ? [[text, i / 2 + 1] as const] : [])).reverse(),
);

/** The index of a name in the static table, 0 where it has none. */
export function staticIndexOfName(name: string): number {
  return indexOfName.get(name) ?? 0;
}

/** The index of a field in the static table, 0 where it has none. */
export function staticIndexOf(name: string, value: string): number {
  for (let index = staticIndexOfName(name); index > 0 && staticFields[2 * index - 2] === name; index++) {
    if (staticFields[2 * index - 1] === value) return index;
  }
  return 0;
}
