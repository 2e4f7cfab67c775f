/** A real etcd of one member, in a temporary folder of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "../free-port.js";

export interface Etcd {
  /** `127.0.0.1:2379` */
  readonly host: string;
  /** How often it was asked for a range of keys. */
  ranges(): Promise<number>;
  close(): Promise<void>;
}

/** @throws Error where etcd is not installed, or does not start */
export async function startEtcd(): Promise<Etcd> {
  const [client, peer] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const folder = await mkdtemp(join(tmpdir(), "hawser-bench-etcd-"));
  const flags = {
    "data-dir": folder,
    "listen-client-urls": `http://${client}`,
    "advertise-client-urls": `http://${client}`,
    "listen-peer-urls": `http://${peer}`,
    "initial-advertise-peer-urls": `http://${peer}`,
    "initial-cluster": `default=http://${peer}`,
    metrics: "extensive",
  };
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const child = spawn("etcd", args, { stdio: ["ignore", "ignore", "pipe"] });
  const close = async (): Promise<void> => {
    if (child.exitCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await new Promise<void>((resolve, reject) => {
      child.once("error", () => reject(new Error("etcd did not start; is it installed? try: make etcd")));
      child.once("exit", (code) => reject(new Error(`etcd ended with code ${code}`)));
      createInterface({ input: child.stderr }).on("line", (line) => {
        if (/serving (insecure )?client (requests|traffic)/.test(line)) resolve();
      });
    });
  } catch (error) {
    await close();
    throw error;
  }
  const ranges = async (): Promise<number> => {
    const text = await (await fetch(`http://${client}/metrics`)).text();
    return Number(/^grpc_server_started_total\{grpc_method="Range".*\} (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  return { host: client, ranges, close };
}
