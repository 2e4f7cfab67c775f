/** Lets everything happen that can happen without the reader; gives back what has been counted then. */
export async function untilStill(read: () => number): Promise<number> {
  for (let before = -1; before !== read(); ) {
    before = read();
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  return read();
}
