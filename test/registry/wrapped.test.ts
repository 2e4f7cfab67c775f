import { expect, test } from "vitest";
import { memoryRegistry } from "../../src/registry/memory/memory.js";
import { wrapped } from "../../src/registry/wrapped.js";
import { instance } from "../conformance/registry.js";

test("a wrapped registry is the one inside, but for what is said otherwise; `await using` ends it as close() does", async () => {
  const inside = memoryRegistry();
  let closed = 0;
  const close = async (): Promise<void> => {
    closed++;
    await inside.close();
  };
  {
    await using outside = wrapped(inside, { name: "outside:", close });
    expect(outside).toMatchObject({ name: "outside:", capabilities: inside.capabilities });
    await outside.register(instance("a"));
    expect(await outside.list()).toEqual(await inside.list());
    expect(await inside.list()).toHaveLength(1);
  }
  expect(closed).toBe(1);
  await expect(inside.list()).rejects.toThrow(/closed/);
});

test("a wrapped registry of which nothing is said closes the one inside", async () => {
  const inside = memoryRegistry();
  await wrapped(inside).close();
  await expect(inside.list()).rejects.toThrow(/closed/);
});
