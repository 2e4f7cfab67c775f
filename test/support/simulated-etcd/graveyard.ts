/** Seeds that have failed, and why: they are run first, for ever. */
export const graveyard: ReadonlyMap<number, string> = new Map([
  [7, "data were lost, and who listed anew dropped the living without waiting for them"],
  [17, "a new lease was there, and a registration went on waiting for its turn"],
  [41, "data were lost and others written, and a watch went on from a revision of the old ones"],
  [298, "a deletion at the very revision of a compaction, which etcd never tells who goes on right behind it"],
  [263, "a lease was revoked, and the waits of an outage long over kept the next away"],
  [43_879, "a lease was found alive in its last moment, and when it was gone the next waited as if etcd were away"],
  [23_988, "data were lost and others written unseen, up to a revision that was known before"],
  [4_906, "data were lost and others written unseen, and what a watch knew looked like a state long gone"],
  [8_837, "a token ended, and every watch begun after that listed again"],
  [20_686, "etcd came back for a moment only, and the waits of before went on"],
  [21_063, "a watch fell behind on etcd's side, which hid a deletion from it until the next list"],
  [
    1_838,
    "a key was put and deleted by hand between two lists, which were the same, and its registration knew nothing of it",
  ],
]);
