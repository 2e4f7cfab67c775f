import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Journal } from "../../examples/shop/journal.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hawser-journal-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function openReader() {
  const entries: number[] = [];
  return { entries, journal: await Journal.open<number>(folder, "numbers", (entry) => entries.push(entry)) };
}

describe("a journal", () => {
  it("lets everybody apply the same entries in the same order", async () => {
    const readers = await Promise.all(Array.from({ length: 3 }, openReader));
    const numbers = Array.from({ length: 100 }, (_, index) => index);

    await Promise.all(numbers.map((number) => readers[number % 3]!.journal.append(number)));
    for (const { journal } of readers) await journal.catchUp();

    const [first, ...others] = readers.map(({ entries }) => entries);
    expect(first!.toSorted((a, b) => a - b)).toEqual(numbers);
    for (const entries of others) expect(entries).toEqual(first);
    for (const { journal } of readers) await journal[Symbol.asyncDispose]();
  });

  it("has applied an entry once it is written", async () => {
    const { journal, entries } = await openReader();
    await using _ = journal;
    await journal.append(1);
    expect(entries).toEqual([1]);
  });

  it("waits for the end of a line that is being written", async () => {
    const { journal, entries } = await openReader();
    await using _ = journal;
    await appendFile(join(folder, "numbers.jsonl"), "1\n2");
    await journal.catchUp();
    expect(entries).toEqual([1]);

    await appendFile(join(folder, "numbers.jsonl"), "3\n");
    await journal.catchUp();
    expect(entries).toEqual([1, 23]);
  });
});
