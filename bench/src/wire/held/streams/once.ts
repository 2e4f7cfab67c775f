/** More than are opened. */
export const maxStreams = 20_000;

const never = new Promise<never>(() => {});

/** One message, and no end. */
export async function* once<T>(message: T): AsyncGenerator<T> {
  yield message;
  await never;
}
