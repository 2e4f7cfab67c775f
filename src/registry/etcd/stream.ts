import type { IDuplexStream } from "etcd3";

/**
 * Reads a stream until the signal aborts, and leaves nothing of it behind. Rejects where it ends or fails by itself, or
 * where `onItem` throws.
 */
export async function readStream<T>(
  stream: IDuplexStream<never, T>,
  signal: AbortSignal,
  onItem: (item: T) => void,
): Promise<void> {
  let stop: () => void = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      stop = resolve;
      signal.addEventListener("abort", stop);
      if (signal.aborted) stop();
      stream.on("error", reject);
      stream.on("end", () => reject(new Error("etcd ended the stream")));
      stream.on("data", (item) => {
        try {
          if (!signal.aborted) onItem(item);
        } catch (error) {
          reject(error);
        }
      });
    });
  } finally {
    signal.removeEventListener("abort", stop);
    // etcd3 takes the cancellation of a stream that is still writable for a failure of the host and drops its connection.
    stream.end();
    stream.cancel();
  }
}
