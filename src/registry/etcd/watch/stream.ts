import type { IDuplexStream } from "etcd3";

/**
 * Reads a stream until the signal aborts, and leaves nothing of it behind. Rejects where it ends or fails by itself, or
 * where `onItem` throws; nothing is told after that.
 */
export async function readStream<T>(
  stream: IDuplexStream<never, T>,
  signal: AbortSignal,
  onItem: (item: T) => void,
): Promise<void> {
  let over = false;
  let stop: () => void = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      stop = resolve;
      const fail = (reason: unknown) => {
        over = true;
        reject(reason);
      };
      signal.addEventListener("abort", stop);
      if (signal.aborted) stop();
      stream.on("error", fail);
      stream.on("end", () => fail(new Error("etcd ended the stream")));
      stream.on("data", (item) => {
        try {
          if (!over && !signal.aborted) onItem(item);
        } catch (error) {
          fail(error);
        }
      });
    });
  } finally {
    signal.removeEventListener("abort", stop);
    dropStream(stream);
  }
}

/** etcd3 takes the cancellation of a stream that is still writable for a failure of the host and drops its connection. */
export function dropStream(stream: Pick<IDuplexStream<never, unknown>, "end" | "cancel">): void {
  stream.end();
  stream.cancel();
}
