import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { openRegistry } from "hawser";
import type { Children } from "./children.js";

/**
 * Starts a real etcd, with its data in `folder`, and waits until it answers.
 *
 * @returns what goes into `HAWSER_REGISTRY`
 */
export async function startEtcd(children: Children, folder: string): Promise<string> {
  if (spawnSync("etcd", ["--version"]).error) throw new Error("etcd is not installed; try: make etcd");
  const [client, peer] = await freePorts(2);
  const flags = {
    "data-dir": join(folder, "etcd"),
    "listen-client-urls": `http://127.0.0.1:${client}`,
    "advertise-client-urls": `http://127.0.0.1:${client}`,
    "listen-peer-urls": `http://127.0.0.1:${peer}`,
    "initial-advertise-peer-urls": `http://127.0.0.1:${peer}`,
    "initial-cluster": `default=http://127.0.0.1:${peer}`,
  };
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  const child = children.start({ name: "etcd", command: "etcd", args });
  const url = `etcd://127.0.0.1:${client}`;
  await child.within(answers(url, () => child.running));
  return url;
}

async function answers(url: string, wanted: () => boolean): Promise<void> {
  await using registry = openRegistry(url);
  while (wanted()) {
    const services = await registry.list().catch(() => undefined);
    if (services !== undefined) return;
    await setTimeout(100);
  }
}

/** etcd cannot choose a port by itself. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as { readonly port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
