import { describe, expect, test } from "vitest";
import { InstanceTable } from "../../src/registry/instance-table.js";
import { instance } from "../conformance/registry.js";

describe("a table of instances", () => {
  const versions = (table: InstanceTable) => table.of("orders").map(({ id, version }) => `${id} ${version}`);

  test("knows the instances of each service, and of none that has left", () => {
    const table = new InstanceTable();
    const first = table.put(instance("orders-1"));
    table.put(instance("inventory-1", { service: "inventory" }));
    expect(table.all().map(({ id }) => id)).toEqual(["orders-1", "inventory-1"]);
    first.update(instance("orders-1", { version: "2" }));
    expect(versions(table)).toEqual(["orders-1 2"]);
    first.remove();
    expect([table.of("orders"), table.all()]).toMatchObject([[], [{ id: "inventory-1" }]]);
  });

  test("of two with one id the later counts, and the earlier is back, as it is by then, when that leaves", () => {
    const table = new InstanceTable();
    const earlier = table.put(instance("orders-1", { version: "1" }));
    const later = table.put(instance("orders-1", { version: "2" }));
    earlier.update(instance("orders-1", { version: "1.1" }));
    expect(versions(table)).toEqual(["orders-1 2"]);
    later.remove();
    expect(versions(table)).toEqual(["orders-1 1.1"]);
    earlier.remove();
    expect(versions(table)).toEqual([]);
  });

  test("of two with one id the earlier may leave first", () => {
    const table = new InstanceTable();
    const earlier = table.put(instance("orders-1", { version: "1" }));
    const later = table.put(instance("orders-1", { version: "2" }));
    earlier.remove();
    expect(versions(table)).toEqual(["orders-1 2"]);
    later.remove();
    expect(versions(table)).toEqual([]);
  });

  test("who has left changes nothing more, whoever has come since", () => {
    const table = new InstanceTable();
    const gone = table.put(instance("orders-1", { version: "1" }));
    gone.remove();
    table.put(instance("orders-1", { version: "2" }));
    const { revision } = table;
    gone.update(instance("orders-1", { version: "3" }));
    gone.remove();
    expect([versions(table), table.revision]).toEqual([["orders-1 2"], revision]);
  });

  test("whoever listens hears of every change of its service, until it does not want to", () => {
    const table = new InstanceTable();
    const heard: string[][] = [];
    const end = table.onChange("orders", () => heard.push(versions(table)));
    table.put(instance("inventory-1", { service: "inventory" }));
    const entry = table.put(instance("orders-1", { version: "1" }));
    entry.update(instance("orders-1", { version: "2" }));
    entry.remove();
    end();
    table.put(instance("orders-2"));
    expect(heard).toEqual([["orders-1 1"], ["orders-1 2"], []]);
    expect(table.revision).toBe(5n);
  });
});
