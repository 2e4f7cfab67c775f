/** Promises, ticks and immediates that are due go on. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Until it holds; after some turns, what runs in other threads has time too. False where it does not.
 *
 * @param patienceMs as much as `test/support/eventually.ts` has, for the same reason: a busy machine is slow
 */
export async function eventually(holds: () => boolean, patienceMs = 30_000): Promise<boolean> {
  for (let turn = 0; turn < 10 && !holds(); turn++) await turns(1);
  const until = performance.now() + patienceMs;
  for (let ms = 1; !holds() && performance.now() < until; ms = Math.min(2 * ms, 100)) {
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
  return holds();
}
