/** Promises, ticks and immediates that are due go on. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Until it holds; after some turns, what runs in other threads has time too. False where it does not within a second. */
export async function eventually(holds: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < 10 && !holds(); turn++) await turns(1);
  for (let ms = 1; ms <= 512 && !holds(); ms *= 2) await new Promise((resolve) => setTimeout(resolve, ms));
  return holds();
}
