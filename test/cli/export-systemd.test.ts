import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { exportSystemd, type SystemdOptions } from "../../src/cli/export/systemd.js";
import { divided, root, shop } from "./export/outlines.js";

function units(outline = shop, options: Partial<SystemdOptions> = {}): ReadonlyMap<string, string> {
  const files = exportSystemd(outline, { root, ...options });
  return new Map(files.map(({ path, content }) => [path, content]));
}

/** All values of a setting, in order. */
function settings(unit: string | undefined, name: string): readonly string[] {
  return [...(unit ?? "").matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value]) => value as string);
}

describe("hawser export systemd", () => {
  it("writes a target, a template for each process, and a registry where none is given", () => {
    expect([...units().keys()]).toEqual([
      "shop.target",
      "shop-registry.service",
      "shop-warehouse@.service",
      "shop-orders@.service",
    ]);
    expect([...units(shop, { registry: "etcd://10.0.0.1:2379" }).keys()]).not.toContain("shop-registry.service");
  });

  it("wants an instance of the template for each replica", () => {
    const target = units().get("shop.target");
    expect(settings(target, "Wants")).toEqual([
      "shop-registry.service",
      "shop-warehouse@1.service",
      "shop-orders@1.service",
      "shop-orders@2.service",
      "shop-orders@3.service",
    ]);
    expect(settings(target, "WantedBy")).toEqual(["multi-user.target"]);
    expect(settings(units().get("shop-orders@.service"), "WantedBy")).toEqual(["shop.target"]);
    expect(settings(units().get("shop-orders@.service"), "PartOf")).toEqual(["shop.target"]);
  });

  it("starts the services of a process with node, in the project", () => {
    const warehouse = units(shop, { node: "/opt/node/bin/node", project: "/opt/shop" }).get("shop-warehouse@.service");
    expect(settings(warehouse, "WorkingDirectory")).toEqual(["/opt/shop"]);
    expect(settings(warehouse, "ExecStart")).toEqual([
      "/opt/node/bin/node /opt/shop/node_modules/hawser/dist/cli/hawser.js start dist/app.js inventory stock-taker",
    ]);
    expect(settings(units().get("shop-registry.service"), "ExecStart")).toEqual([
      `${process.execPath} /srv/shop/node_modules/hawser/dist/cli/hawser.js registry --address 127.0.0.1:7400`,
    ]);
  });

  it("starts a process after the registry and every replica of those it needs", () => {
    const outline = divided(
      { name: "warehouse", services: ["inventory", "stock-taker"], replicas: 2, after: [] },
      { name: "orders", services: ["orders"], replicas: 1, after: ["warehouse"] },
    );
    expect(settings(units(outline).get("shop-orders@.service"), "After")).toEqual([
      "network-online.target",
      "shop-registry.service",
      "shop-warehouse@1.service",
      "shop-warehouse@2.service",
    ]);
  });

  it("starts it again when it fails, unless its configuration is wrong, and lets it finish its calls", () => {
    const orders = units().get("shop-orders@.service");
    expect(settings(orders, "Type")).toEqual(["exec"]);
    expect(settings(orders, "Restart")).toEqual(["on-failure"]);
    expect(settings(orders, "RestartPreventExitStatus")).toEqual(["2 78"]);
    expect(settings(orders, "TimeoutStopSec")).toEqual(["35"]);
  });

  it("tells it of the registry, and leaves the last word to the operator's file", () => {
    const registry = "etcd://10.0.0.1:2379/a%20b";
    const orders = units(shop, { registry }).get("shop-orders@.service");
    expect(settings(orders, "Environment")).toEqual(['"HAWSER_REGISTRY=etcd://10.0.0.1:2379/a%%20b"']);
    expect(settings(orders, "EnvironmentFile")).toEqual(["-/etc/shop/shop.env"]);
    expect(settings(units().get("shop-orders@.service"), "Environment")).toEqual([
      '"HAWSER_REGISTRY=hawser://127.0.0.1:7400"',
    ]);
  });

  it("gives it a folder to write to and a user of its own, and no right it does not need", () => {
    const orders = units().get("shop-orders@.service");
    expect(settings(orders, "DynamicUser")).toEqual(["yes"]);
    expect(settings(orders, "StateDirectory")).toEqual(["%p/%i"]);
    for (const name of ["NoNewPrivileges", "PrivateTmp", "ProtectHome"])
      expect(settings(orders, name)).toEqual(["yes"]);
    expect(settings(orders, "ProtectSystem")).toEqual(["strict"]);
    expect(settings(orders, "MemoryDenyWriteExecute")).toEqual([]);
    const own = units(shop, { user: "shop", project: "/home/ada/shop" }).get("shop-orders@.service");
    expect(settings(own, "User")).toEqual(["shop"]);
    expect(settings(own, "DynamicUser")).toEqual([]);
    expect(settings(own, "ProtectHome")).toEqual(["read-only"]);
  });

  it("says what runs elsewhere", () => {
    expect(units().get("shop-orders@.service")).toContain("# orders calls payments, found in the same registry.\n");
  });

  it.each<[Partial<SystemdOptions>, string]>([
    [{ node: "node" }, 'node: expected an absolute path without quotes, backslashes and "$", was "node"'],
    [
      { project: "/srv/shop\nUser=root" },
      'project: expected an absolute path without quotes, backslashes and "$", was "/srv/shop\\nUser=root"',
    ],
    [{ user: "a b" }, 'user: expected the name of a user, was "a b"'],
    [{ registry: "10.0.0.1" }, 'registry "10.0.0.1": expected a URL, like etcd://10.0.0.1:2379/shop'],
    [
      { registry: "etcd://a:b@c" },
      'registry "etcd://…@c": leave user and password out here, and say the whole as HAWSER_REGISTRY in /etc/shop/shop.env',
    ],
  ])("refuses %j", (options, message) => {
    expect(() => units(shop, options)).toThrow(new TypeError(message));
  });
});

const tool = "/usr/bin/systemd-analyze";

describe.skipIf(!existsSync(tool))(`${tool} verify (skipped where the machine has no systemd)`, () => {
  const folders: string[] = [];
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  function folder(name = "units"): string {
    const parent = mkdtempSync(join(tmpdir(), "hawser-export-"));
    folders.push(parent);
    const path = join(parent, name);
    mkdirSync(path);
    return path;
  }

  /** What it has to say of units, templates by an instance of theirs; nothing where they are right. */
  function complaints(files: ReadonlyMap<string, string>): string {
    const path = folder();
    for (const [name, content] of files) writeFileSync(join(path, name), content);
    const names = [...files.keys()].map((name) => join(path, name.replace("@.", "@1.")));
    const env = { ...process.env, SYSTEMD_UNIT_PATH: `${path}:` };
    const { status, stderr } = spawnSync(tool, ["verify", "--man=no", ...names], { env, encoding: "utf8" });
    const ours = stderr.split("\n").filter((line) => line.includes(path) || line.includes("shop"));
    return [...(status === 0 ? [] : [`exit code ${status}`]), ...ours].join("\n");
  }

  it("has nothing to say", () => {
    expect(complaints(units())).toBe("");
    expect(complaints(units(shop, { registry: "etcd://10.0.0.1:2379/a%20b", user: "daemon" }))).toBe("");
  });

  it("has nothing to say of paths with spaces and signs in them", () => {
    const project = folder("a shop, 100 %n");
    const node = join(project, "node 20");
    symlinkSync(process.execPath, node);
    const file = join(project, 'the "app" $HOME.js');
    const all = units({ ...shop, file }, { root: project, node });
    expect(settings(all.get("shop-orders@.service"), "ExecStart")[0]).toContain(
      ' start "the \\"app\\" $$HOME.js" orders',
    );
    expect(complaints(all)).toBe("");
  });

  it("would have something to say of what is wrong", () => {
    const broken = (from: string, to: string): string =>
      complaints(new Map([...units()].map(([name, content]) => [name, content.replace(from, to)])));
    expect(broken("Type=exec", "Type=exe")).toContain("exe");
    expect(broken("TimeoutStopSec=", "TimeoutStopSecs=")).toContain("TimeoutStopSecs");
    expect(broken(process.execPath, "/nowhere/node")).toContain("/nowhere/node");
  });

  it("finds the services well protected", () => {
    const path = folder();
    for (const [name, content] of units()) writeFileSync(join(path, name), content);
    const args = ["security", "--offline=true", "--threshold=40", join(path, "shop-orders@.service")];
    const { status, stdout } = spawnSync(tool, args, { encoding: "utf8" });
    expect(status, stdout).toBe(0);
  });
});
