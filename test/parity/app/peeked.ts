/** The first of a stream, and all of it, to be read once. */
export async function peeked<T>(
  stream: AsyncIterable<T>,
): Promise<{ readonly first: T | undefined; readonly all: AsyncIterable<T> }> {
  const iterator = stream[Symbol.asyncIterator]();
  const { value, done } = await iterator.next();
  const first = done === true ? undefined : (value as T);
  return { first, all: joined(first, iterator) };
}

async function* joined<T>(first: T | undefined, rest: AsyncIterator<T>): AsyncGenerator<T> {
  if (first === undefined) return;
  try {
    yield first;
    for (;;) {
      const { value, done } = await rest.next();
      if (done === true) return;
      yield value as T;
    }
  } finally {
    await rest.return?.();
  }
}
