import type { Heading } from "./fields.js";

/**
 * Why header fields are no request (RFC 9113 §8.3.1); undefined where they are one.
 *
 * @param tooLarge not all of them are here
 */
export function requestFault(heading: Heading, tooLarge: boolean): string | undefined {
  if (heading.malformed !== undefined) return heading.malformed;
  if (heading.status !== undefined) return ":status in a request";
  if (heading.contentLength !== undefined && !/^\d{1,15}$/.test(heading.contentLength))
    return "a content-length that is no number";
  if (tooLarge) return undefined;
  if (heading.method === undefined) return "no :method";
  if (heading.scheme === undefined) return "no :scheme";
  if (heading.path === undefined || heading.path === "") return "no :path";
  if (!heading.path.startsWith("/")) return `a :path that does not begin with a slash: ${JSON.stringify(heading.path)}`;
  return undefined;
}

/** The same of a response, or of an informational one before it (RFC 9113 §8.3.2). */
export function responseFault(heading: Heading, endStream: boolean): string | undefined {
  const { malformed, method, scheme, path, authority, status } = heading;
  if (malformed !== undefined) return malformed;
  if ((method ?? scheme ?? path ?? authority) !== undefined) return "a pseudo-header of requests";
  if (status === "200") return undefined;
  if (status === undefined) return "no :status";
  if (!/^[1-9]\d\d$/.test(status)) return `:status ${JSON.stringify(status)}`;
  if (status === "101") return "101, which is of HTTP/1 alone";
  return status.startsWith("1") && endStream ? `${status}, and nothing behind it` : undefined;
}

/** The same of trailers, of either side (RFC 9113 §8.1). */
export function trailersFault(heading: Heading): string | undefined {
  const { malformed, method, scheme, path, authority, status } = heading;
  if (malformed !== undefined) return malformed;
  const pseudo = method ?? scheme ?? path ?? authority ?? status;
  return pseudo === undefined ? undefined : "a pseudo-header in trailers";
}
