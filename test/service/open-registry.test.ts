import { describe, expect, it } from "vitest";
import { openRegistry } from "../../src/service/service.js";

describe("a registry's URL", () => {
  it.each([
    ["hawser://127.0.0.1:7400", "hawser://127.0.0.1:7400"],
    ["etcd://10.0.0.1:2379,10.0.0.2:2379/prod/instances", "etcd://10.0.0.1:2379,10.0.0.2:2379"],
    ["etcds://ada:p%40ss@etcd.example:2379", "etcd://etcd.example:2379"],
  ])("%s opens its driver", async (url, name) => {
    await using registry = openRegistry(url);
    expect(registry.name).toBe(name);
  });

  it("memory: opens one of this process", async () => {
    await using registry = openRegistry("memory:");
    expect(await registry.list()).toEqual([]);
  });

  it.each(["", "zookeeper://127.0.0.1:2181", "127.0.0.1:2379"])(
    "%j is refused, and the message says what there is",
    (url) => {
      expect(() => openRegistry(url)).toThrow(/unknown driver; use hawser:\/\/host:port, etcd:/);
    },
  );

  it.each(["etcd://", "etcd:///prod", "etcd://10.0.0.1"])("%s lacks what an etcd needs", (url) => {
    expect(() => openRegistry(url)).toThrow(/host:port/);
  });

  it("hawser:// without an address says what is missing", () => {
    expect(() => openRegistry("hawser://")).toThrow(/scheme:\/\/host:port/);
  });
});
