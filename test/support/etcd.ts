import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface EtcdKey {
  readonly create_revision: number;
  readonly mod_revision: number;
  /** 0 where the key is under none. */
  readonly lease: bigint;
}

/** Paths of PEM files; clients must show a certificate of the CA. */
export interface EtcdTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A real etcd of one member, in a temporary folder of its own. */
export class EtcdServer {
  /** `127.0.0.1:2379`: the same for life, over kills and restarts. */
  readonly endpoint: string;
  readonly #peer: string;
  readonly #folder: string;
  readonly #tls: EtcdTls | undefined;
  #process: ChildProcess | undefined;

  private constructor(endpoint: string, peer: string, folder: string, tls: EtcdTls | undefined) {
    this.endpoint = endpoint;
    this.#peer = peer;
    this.#folder = folder;
    this.#tls = tls;
  }

  static async start(options: { readonly tls?: EtcdTls } = {}): Promise<EtcdServer> {
    const [client, peer] = await freePorts(2);
    const folder = await mkdtemp(join(tmpdir(), "hawser-etcd-"));
    const server = new EtcdServer(`127.0.0.1:${client}`, `127.0.0.1:${peer}`, folder, options.tls);
    await server.restart();
    return server;
  }

  /** Starts etcd on the data that is there, or on none. */
  async restart(options: { readonly empty?: boolean } = {}): Promise<void> {
    if (options.empty) await rm(join(this.#folder, "data"), { recursive: true });
    const scheme = this.#tls === undefined ? "http" : "https";
    const args = {
      "data-dir": join(this.#folder, "data"),
      "listen-client-urls": `${scheme}://${this.endpoint}`,
      "advertise-client-urls": `${scheme}://${this.endpoint}`,
      "listen-peer-urls": `http://${this.#peer}`,
      "initial-advertise-peer-urls": `http://${this.#peer}`,
      "initial-cluster": `default=http://${this.#peer}`,
      // One member elects itself: no need to take a second over it.
      "heartbeat-interval": "10",
      "election-timeout": "100",
      ...(this.#tls && {
        "cert-file": this.#tls.cert,
        "key-file": this.#tls.key,
        "trusted-ca-file": this.#tls.ca,
        "client-cert-auth": "true",
      }),
    };
    const flags = Object.entries(args).map(([name, value]) => `--${name}=${value}`);
    const child = spawn("etcd", flags, { stdio: ["ignore", "ignore", "pipe"] });
    this.#process = child;
    await ready(child);
  }

  /** As by `kill -9`: nothing is said to anybody. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Freezes the process: connections stay and nothing answers. */
  pause(): void {
    this.#process?.kill("SIGSTOP");
  }

  resume(): void {
    this.#process?.kill("SIGCONT");
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    this.resume();
    await this.#end("SIGKILL");
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** What `etcdctl` prints. */
  async ctl(...args: readonly string[]): Promise<string> {
    const environment = { ...process.env, ETCDCTL_API: "3", ETCDCTL_ENDPOINTS: this.endpoint };
    const { stdout } = await run("etcdctl", [...args], { env: environment });
    return stdout.trim();
  }

  /** What etcd keeps about one key; undefined where there is none. */
  async get(key: string): Promise<EtcdKey | undefined> {
    // Ids of leases are too long for a JavaScript number.
    const json = (await this.ctl("get", "-w", "json", key)).replace(/"lease":(\d+)/g, '"lease":"$1"');
    const [found] = (JSON.parse(json) as { kvs?: (Omit<EtcdKey, "lease"> & { lease?: string })[] }).kvs ?? [];
    if (found === undefined) return undefined;
    return { ...found, lease: BigInt(found.lease ?? 0) };
  }

  /** The ids of all leases, in hexadecimal as `etcdctl` wants them. */
  async leases(): Promise<readonly string[]> {
    return (await this.ctl("lease", "list")).split("\n").slice(1);
  }

  /** A gauge or counter of etcd's own, as Prometheus would read it. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`http://${this.endpoint}/metrics`)).text();
    return Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  }
}

async function ready(child: ChildProcess): Promise<void> {
  const said: string[] = [];
  const lines = createInterface({ input: child.stderr! });
  await new Promise<void>((resolve, reject) => {
    child.once("error", (cause: NodeJS.ErrnoException) => {
      const way = cause.code === "ENOENT" ? "etcd is not installed; try: apt-get install etcd-server etcd-client" : "";
      reject(new Error(`etcd did not start: ${way || cause.message}`, { cause }));
    });
    child.once("exit", (code) => reject(new Error(`etcd ended with code ${code}:\n${said.slice(-10).join("\n")}`)));
    lines.on("line", (line) => {
      said.push(line);
      if (/serving (insecure )?client (requests|traffic)/.test(line)) resolve();
    });
  });
  lines.removeAllListeners("line");
  lines.on("line", () => {});
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
