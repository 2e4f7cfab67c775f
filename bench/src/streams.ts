/** The same message `count` times, to be sent. */
export type Repeat = <T>(message: T, count: number) => AsyncIterable<T> | Iterable<T>;

/** From a generator that might wait between two of them. */
export async function* repeat<T>(message: T, count: number): AsyncGenerator<T> {
  for (let sent = 0; sent < count; sent++) yield message;
}

/** From one that cannot, as will do where all of them are there. */
export function* repeatPlainly<T>(message: T, count: number): Generator<T> {
  for (let sent = 0; sent < count; sent++) yield message;
}

/** Reads a stream of echoes to its end. */
export async function receivedBytes(stream: AsyncIterable<{ readonly payload: Uint8Array }>): Promise<number> {
  let bytes = 0;
  for await (const { payload } of stream) bytes += payload.length;
  return bytes;
}
