/** Seeds that have failed, and why: they are run first, for ever. */
export const graveyard: ReadonlyMap<number, string> = new Map([
  [7, "data were lost, and who listed anew dropped the living without waiting for them"],
  [17, "a new lease was there, and a registration went on waiting for its turn"],
  [41, "data were lost and others written, and a watch went on from a revision of the old ones"],
]);
