import type { IRangeRequest, IRangeResponse } from "etcd3";
import type { KeyRange } from "../api.js";
import { isTooLarge } from "./failures.js";

/** As Kubernetes lists. */
const pageKeys = 500;

/** The key right after. */
const after = (key: Buffer) => Buffer.concat([key, Buffer.of(0)]);

/**
 * Lists a range page by page, all as of the revision of the first: in one piece it may be larger than a message can be. A
 * page that is too large is asked for in half its length, so that a huge value costs pages, and not the list.
 *
 * @param ask for one page, linearizable
 */
export async function inPages(
  range: KeyRange,
  ask: (page: IRangeRequest) => Promise<IRangeResponse>,
): Promise<IRangeResponse> {
  let limit = pageKeys;
  const page = async (from: IRangeRequest): Promise<IRangeResponse> => {
    try {
      return await ask({ ...from, limit });
    } catch (reason) {
      if (limit === 1 || !isTooLarge(reason)) throw reason;
      limit = Math.floor(limit / 2);
      return await page(from);
    }
  };
  const first = await page(range);
  const kvs = [...first.kvs];
  for (let { more } = first; more; ) {
    const next = await page({ ...range, key: after(kvs.at(-1)!.key), revision: first.header.revision });
    kvs.push(...next.kvs);
    more = next.more;
  }
  return { ...first, kvs, more: false };
}
