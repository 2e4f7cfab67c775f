import { expect, test } from "vitest";
import { Unfolding } from "../../../../src/transport/http2/flow-control/unfolding.js";
import { Moment } from "../../../support/moment.js";

const mib = 1024 * 1024;

/** So many messages of a connection, and which of them are being unfolded. */
function given(count: number, compressedBytes: number, maxBytes: number) {
  const unfolding = new Unfolding();
  const begun: number[] = [];
  const ends = Array.from({ length: count }, () => new Moment());
  const runs = ends.map((end, index) =>
    unfolding.run(compressedBytes, maxBytes, async () => {
      begun.push(index);
      await end.promise;
      return index;
    }),
  );
  return { begun, ends, runs };
}

test("compressed messages unfold no further than 32 MiB at once, in the order in which they came", async () => {
  const { begun, ends, runs } = given(20, 4096, 4 * mib);
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  ends[3]?.now();
  await runs[3];
  await Promise.resolve();
  expect(begun.slice(8)).toEqual([8]);
  for (const end of ends) end.now();
  expect(await Promise.all(runs)).toEqual([...ends.keys()]);
});

test("small ones count for what can become of them at most", () => {
  expect(given(1000, 100, 4 * mib).begun.length).toBe(Math.floor((32 * mib) / 103_200));
});

test("one that is larger than all of it has its turn alone", async () => {
  const { begun, ends, runs } = given(3, mib, 64 * mib);
  expect(begun).toEqual([0]);
  ends[0]?.now();
  await runs[0];
  await Promise.resolve();
  expect(begun).toEqual([0, 1]);
});

test("one that cannot be unfolded makes room like any other", async () => {
  const unfolding = new Unfolding();
  const broken = unfolding.run(mib, 64 * mib, () => Promise.reject(new Error("no gzip")));
  const next = unfolding.run(mib, 64 * mib, () => Promise.resolve("unfolded"));
  await expect(broken).rejects.toThrow("no gzip");
  expect(await next).toBe("unfolded");
});
