import type { IWatchResponse } from "etcd3";
import type { EtcdApi, WatchStream } from "../../src/registry/etcd/api.js";

export const anyKey = { key: Buffer.from("any") };

/** A watch that etcd has created. */
export async function watchAnyKey(connection: EtcdApi): Promise<WatchStream> {
  const stream = await connection.watch();
  await createWatch(stream);
  return stream;
}

/** Asks for one more on a stream, and what etcd says to that. */
export function createWatch(stream: WatchStream): Promise<IWatchResponse> {
  stream.write({ create_request: anyKey });
  return new Promise((resolve, reject) => {
    stream.on("data", resolve);
    stream.on("error", reject);
  });
}

/** What a stream ends with, as the connection tells it. */
export function failureOf(connection: EtcdApi, stream: WatchStream): Promise<unknown> {
  return new Promise((resolve) => {
    stream.on("error", (reason) => resolve(connection.failure(reason)));
  });
}
