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

  it.each(["", "nacos://127.0.0.1:8848", "127.0.0.1:2379", "__proto__://127.0.0.1:1"])(
    "%j is refused, and the message says what there is",
    (url) => {
      expect(() => openRegistry(url)).toThrow(/unknown driver; use one of hawser:\/\/host:port, etcd:/);
    },
  );

  it("memory: has no address", () => {
    expect(() => openRegistry("memory:orders")).toThrow(
      'registry "memory:orders": expected memory: (it has no address)',
    );
  });

  it("takes options behind a question mark, and names those it does not know", async () => {
    await using registry = openRegistry("etcd://10.0.0.1:2379?layout=kratos");
    expect(registry.name).toBe("etcd://10.0.0.1:2379");
    expect(() => openRegistry("etcd://10.0.0.1:2379?layout=nacos")).toThrow(
      /layout is "nacos"; there are hawser, go-micro/,
    );
    expect(() => openRegistry("etcd://10.0.0.1:2379?color=red")).toThrow(
      /unknown option "color" \(it takes: layout, ca/,
    );
    expect(() => openRegistry("etcds://10.0.0.1:2379?ca=nowhere.pem")).toThrow(/expected etcds:.*nowhere\.pem/);
  });

  it.each(["etcd:127.0.0.1:2379", "etcd://", "etcd:///prod", "etcd://10.0.0.1"])(
    "%s lacks what an etcd needs",
    (url) => {
      expect(() => openRegistry(url)).toThrow(/host:port/);
    },
  );

  it("hawser:// takes a host by its name", async () => {
    await using registry = openRegistry("hawser://registry:7400/");
    expect(registry.name).toBe("hawser://registry:7400");
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
