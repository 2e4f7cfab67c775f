/** The same message `count` times. */
export async function* repeat<T>(message: T, count: number): AsyncGenerator<T> {
  for (let sent = 0; sent < count; sent++) yield message;
}

/** Reads a stream of echoes to its end. */
export async function receivedBytes(stream: AsyncIterable<{ readonly payload: Uint8Array }>): Promise<number> {
  let bytes = 0;
  for await (const { payload } of stream) bytes += payload.length;
  return bytes;
}
