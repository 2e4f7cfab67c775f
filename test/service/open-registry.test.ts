import { describe, expect, it, onTestFinished } from "vitest";
import { withoutPasswords } from "../../src/service/registry-url.js";
import { openRegistry } from "../../src/service/service.js";
import { Follower } from "../registry/follower.js";
import { CertificateAuthority } from "../support/certificate-authority.js";

describe("a registry's URL", () => {
  it.each([
    ["hawser://127.0.0.1:7400", "hawser://127.0.0.1:7400"],
    ["etcd://10.0.0.1:2379,10.0.0.2:2379/prod/instances", "etcd://10.0.0.1:2379,10.0.0.2:2379"],
    ["etcds://ada:p%40ss@etcd.example:2379", "etcd://etcd.example:2379"],
    ["consul://token@127.0.0.1:8500?datacenter=eu", "consul://127.0.0.1:8500"],
    ["zookeeper://10.0.0.1:2181,10.0.0.2:2181/prod", "zookeeper://10.0.0.1:2181,10.0.0.2:2181"],
    ["dns://10.0.0.2/shop.internal?port=50051", "dns://10.0.0.2/shop.internal"],
    ["mdns:", "mdns:"],
    ["static:orders=10.0.0.1:50051,10.0.0.2:50051", "static:"],
    ["static:services.yaml", "static:services.yaml"],
    ["etcd://10.0.0.1:2379?allow=10.0.0.0/8,fd00::/8", "etcd://10.0.0.1:2379"],
    ["memory: etcd://10.0.0.1:2379", "memory: + etcd://10.0.0.1:2379"],
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
      expect(() => openRegistry(url)).toThrow(/unknown driver; there are hawser:, etcd:, etcds:/);
    },
  );

  it("memory: has no address", () => {
    expect(() => openRegistry("memory:orders")).toThrow('registry "memory:orders": expected memory:');
    expect(() => openRegistry("memory://orders")).toThrow(
      'registry "memory://orders": expected memory: (it has no address)',
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
  });

  it.each(["etcds", "consuls"])("%s:// uses every file of TLS that is named, or says why not", async (driver) => {
    const authority = await CertificateAuthority.make();
    onTestFinished(() => authority.close());
    const own = await authority.sign("client");
    const open = (...options: readonly string[]) => openRegistry(`${driver}://10.0.0.1:1?${options.join("&")}`);
    expect(() => open("ca=nowhere.pem")).toThrow(/: ca cannot be read \(.*nowhere\.pem/);
    expect(() => open(`cert=${own.cert}`)).toThrow(/: cert and key belong together/);
    expect(() => open(`ca=${own.key}`)).toThrow(/: ca cannot be used \(.*expected PEM/);
    expect(() => open(`cert=${own.cert}`, `key=${own.cert}`)).toThrow(/: cert, key cannot be used \(.*expected PEM/);
    await open(`cert=${own.cert}`, `key=${own.key}`).close();
  });

  it.each([
    ["consul://10.0.0.1:8500/some/prefix", "path"],
    ["consul://tok:en@10.0.0.1:8500", "password"],
    ["dns://ada:secret@10.0.0.1/shop", "user"],
    ["kubernetes://ada@/shop", "user"],
    ["hawser://10.0.0.1:7400/shop", "path"],
    ["mdns:///shop", "path"],
  ])("%s says more than its driver reads, and is refused", (url, what) => {
    expect(() => openRegistry(url)).toThrow(`(it has no ${what})`);
  });

  it.each(["dns:shop", "kubernetes:shop", "etcd:10.0.0.1:2379"])("%s is of no form", (url) => {
    expect(() => openRegistry(url)).toThrow(/: expected (dns|kubernetes|etcd):/);
  });

  it("a list in a URL is who is there, and a network that is not allowed is left out", async () => {
    await using registry = openRegistry("static:orders=10.0.0.1:50051,192.168.0.1:50051?allow=10.0.0.0/8");
    const { instances } = await new Follower(registry, "orders").until((snapshot) => snapshot.instances.length > 0);
    expect(instances.map(({ endpoints }) => endpoints)).toEqual([["grpc://10.0.0.1:50051"]]);
  });

  it.each([
    ["etcd://10.0.0.1:2379?allow=10.0.0.0/99", /10\.0\.0\.0\/99/],
    ["dns://10.0.0.2/shop?port=http", /port is "http"/],
    ["mdns:?port=", /port is ""/],
    ["memory: nacos://10.0.0.1:1", /"nacos:\/\/10.0.0.1:1": unknown driver/],
    ["kubernetes://10.0.0.1:6443", /no address/],
    ["mdns://10.0.0.1", /no address/],
    ["zookeeper://", /host/],
  ])("%s is refused with a reason", (url, reason) => {
    expect(() => openRegistry(url)).toThrow(reason);
  });

  it.each(["etcd:127.0.0.1:2379", "etcd://", "etcd:///prod", "etcd://10.0.0.1"])(
    "%s lacks what an etcd needs",
    (url) => {
      expect(() => openRegistry(url)).toThrow(/host:port|hosts is empty; give at least one/);
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

  it.each([
    "etcd://root:31337/hunter2@10.0.0.1:2379",
    "etcd://root:hunter2/w@10.0.0.1:2379",
    "etcd://root:p@hunter2/w@10.0.0.1:2379",
    "etcd://root:p?hunter2@10.0.0.1:2379",
    "etcd://root:p hunter2@10.0.0.1:2379",
  ])("%s is refused for a password that is not percent-encoded, and shows nothing of it", (url) => {
    const refusal = "user and password are percent-encoded, and one of them is not";
    expect(() => openRegistry(url)).toThrow(new RegExp(`^registry "(etcd://)?…@10\\.0\\.0\\.1:2379": ${refusal}$`));
  });

  it("is shown without its password, also where it is one of several", () => {
    expect(withoutPasswords("consul://10.0.0.1:8500  etcds://root:hunter2@10.0.0.2:2379/shop")).toBe(
      "consul://10.0.0.1:8500 etcds://…@10.0.0.2:2379/shop",
    );
  });

  it("is refused where an option is given twice: of two allowlists nobody knows which counts", () => {
    expect(() => openRegistry("memory:?allow=10.0.0.0/8&allow=0.0.0.0/0")).toThrow(/option "allow" is given twice/);
  });
});
