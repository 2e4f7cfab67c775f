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

  it.each(["", "zookeeper://127.0.0.1:2181", "127.0.0.1:2379", "etcd:127.0.0.1:2379", "memory:orders"])(
    "%j is refused, and the message says what there is",
    (url) => {
      expect(() => openRegistry(url)).toThrow(/unknown driver; use hawser:\/\/host:port, etcd:/);
    },
  );

  it.each(["etcd://", "etcd:///prod", "etcd://10.0.0.1"])("%s lacks what an etcd needs", (url) => {
    expect(() => openRegistry(url)).toThrow(/host:port/);
  });

  it("hawser:// takes a host by its name", async () => {
    await using registry = openRegistry("hawser://registry:7400/");
    expect(registry.name).toBe("hawser://registry:7400/");
  });

  it.each(["hawser://", "hawser://registry", "hawser://127.0.0.1:7400/shop"])("%s is no host and port", (url) => {
    expect(() => openRegistry(url)).toThrow(`registry ${JSON.stringify(url)}: expected hawser://host:port`);
  });

  it.each([
    "etcd:root:hunter2@10.0.0.1:2379/shop",
    "etcd://root:hun@hunter2@10.0.0.1:2379",
    "etcd://root:hunter2%@10.0.0.1:2379",
    "hawser://root:hunter2@10.0.0.1:7400",
    "hawser://hunter2@10.0.0.1:7400",
    "root:hunter2@10.0.0.1:2379",
  ])("%s is refused, and its password not shown", (url) => {
    expect(() => openRegistry(url)).toThrow(/^registry "(?!.*hunter2)(?!.*root)[^"]*…@10\.0\.0\.1/);
  });
});
