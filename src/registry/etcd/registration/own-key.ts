import type { ITxnRequest } from "etcd3";
import type { Entry, EtcdApi } from "../api.js";

/** What a key shall be. */
export interface OwnKey {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly leaseId: string;
}

/** Whether what was found is what shall be. */
export function isThere({ value, leaseId }: OwnKey, found: Entry | undefined): boolean {
  return found?.lease === leaseId && found.value.equals(value);
}

/** Puts the key, whoever holds it: of two processes with one id the later is believed. @returns that it is there */
export async function takeKey(api: EtcdApi, { key, value, leaseId }: OwnKey): Promise<true> {
  await api.txn({
    compare: [
      { key, target: "Value", result: "Equal", value },
      { key, target: "Lease", result: "Equal", lease: leaseId },
    ],
    // Nothing is written, and so no watcher told, where it is so already.
    failure: [put({ key, value, leaseId })],
  });
  return true;
}

/**
 * Puts the key where it is missing or other than it shall be, unless another process holds it: its lease is none of
 * those that are `ours`. A key without a lease was written by hand, and is nobody's.
 *
 * @param missing called where it is not there as it shall be, before it is put
 * @returns whether the key is as it shall be
 */
export async function keepKey(
  api: EtcdApi,
  own: OwnKey,
  ours: (leaseId: string) => boolean,
  missing: () => void,
): Promise<boolean> {
  for (;;) {
    const [found] = (await api.range({ key: own.key })).kvs;
    if (isThere(own, found)) return true;
    if (found === undefined || found.lease === noLease) missing();
    else if (!ours(found.lease)) return false;
    const { succeeded } = await api.txn({
      compare: [{ key: own.key, target: "Mod", result: "Equal", mod_revision: found?.mod_revision ?? neverWritten }],
      success: [put(own)],
    });
    if (succeeded) return true;
  }
}

/** Deletes the key where it is under the lease: who took it over keeps it. */
export async function dropKey(api: EtcdApi, key: Buffer, leaseId: string): Promise<void> {
  await api.txn({
    compare: [{ key, target: "Lease", result: "Equal", lease: leaseId }],
    success: [{ request_delete_range: { key } }],
  });
}

const noLease = "0";
const neverWritten = "0";

function put({ key, value, leaseId }: OwnKey): NonNullable<ITxnRequest["success"]>[number] {
  return { request_put: { key, value, lease: leaseId } };
}
