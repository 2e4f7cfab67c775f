import fc from "fast-check";
import { expect, test } from "vitest";
import type { Stream } from "../../../../src/transport/http2/stream/stream.js";
import { StreamTable } from "../../../../src/transport/http2/stream/stream-table.js";

const streamOf = (id: number): Stream => ({ id }) as unknown as Stream;

test("a table has what a Map would have, whatever comes and goes", () => {
  const ids = fc.integer({ min: 0, max: 200 }).map((n) => 2 * n + 1);
  const deeds = fc.array(fc.record({ add: fc.boolean(), id: ids }), { maxLength: 400 });
  fc.assert(
    fc.property(deeds, (history) => {
      const table = new StreamTable();
      const model = new Map<number, Stream>();
      for (const { add, id } of history) {
        if (!add) {
          table.delete(id);
          model.delete(id);
        } else if (!model.has(id)) {
          const stream = streamOf(id);
          table.add(stream);
          model.set(id, stream);
        }
        expect(table.size).toBe(model.size);
        expect(table.get(id)).toBe(model.get(id));
      }
      for (let id = 1; id < 402; id += 2) expect(table.get(id)).toBe(model.get(id));
      expect(new Set(table.all())).toEqual(new Set(model.values()));
    }),
  );
});

test("streams that stay are found while a hundred thousand others come and go", () => {
  const table = new StreamTable();
  const staying = [1, 999, 40_001].map(streamOf);
  for (const stream of staying) table.add(stream);
  for (let id = 50_001; id < 250_001; id += 2) {
    table.add(streamOf(id));
    table.delete(id);
  }
  expect(staying.map(({ id }) => table.get(id))).toEqual(staying);
  expect(table.size).toBe(3);
});
