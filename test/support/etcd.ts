import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { freePorts } from "./free-ports.js";

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

export interface EtcdServerOptions {
  readonly tls?: EtcdTls;
  /** As its flag `--auth-token`: `jwt,pub-key=…,priv-key=…,sign-method=RS256,ttl=2s`. Default: simple tokens, in memory. */
  readonly authToken?: string;
  /** How long without a leader until another is elected. Default: 100, of which a single member needs nothing. */
  readonly electionTimeoutMs?: number;
}

/** What a member is told of its cluster. */
interface Membership {
  readonly name: string;
  readonly endpoint: string;
  readonly peer: string;
  /** `name=http://peer,…` of all members. */
  readonly cluster: string;
}

/** A real etcd of one member, in a temporary folder of its own. */
export class EtcdServer {
  /** `127.0.0.1:2379`: the same for life, over kills and restarts. */
  readonly endpoint: string;
  readonly #membership: Membership;
  readonly #folder: string;
  readonly #options: EtcdServerOptions;
  #process: ChildProcess | undefined;

  private constructor(membership: Membership, folder: string, options: EtcdServerOptions) {
    this.endpoint = membership.endpoint;
    this.#membership = membership;
    this.#folder = folder;
    this.#options = options;
  }

  static async start(options: EtcdServerOptions = {}): Promise<EtcdServer> {
    const [client, peer] = (await freePorts(2)).map((port) => `127.0.0.1:${port}`);
    const membership = { name: "default", endpoint: client!, peer: peer!, cluster: `default=http://${peer}` };
    return await EtcdServer.join(membership, options);
  }

  /** Starts one member of a cluster; it serves once most of them have been started. */
  static async join(membership: Membership, options: EtcdServerOptions): Promise<EtcdServer> {
    const folder = await mkdtemp(join(tmpdir(), "hawser-etcd-"));
    const server = new EtcdServer(membership, folder, options);
    await server.restart();
    return server;
  }

  /** Starts etcd on the data that is there, or on none. */
  async restart(options: { readonly empty?: boolean } = {}): Promise<void> {
    if (options.empty) await rm(join(this.#folder, "data"), { recursive: true });
    const { tls, authToken, electionTimeoutMs = 100 } = this.#options;
    const { name, peer, cluster } = this.#membership;
    const scheme = tls === undefined ? "http" : "https";
    const args = {
      name,
      "data-dir": join(this.#folder, "data"),
      "listen-client-urls": `${scheme}://${this.endpoint}`,
      "advertise-client-urls": `${scheme}://${this.endpoint}`,
      "listen-peer-urls": `http://${peer}`,
      "initial-advertise-peer-urls": `http://${peer}`,
      "initial-cluster": cluster,
      // One member elects itself: no need to take a second over it.
      "heartbeat-interval": String(electionTimeoutMs / 10),
      "election-timeout": String(electionTimeoutMs),
      ...(authToken !== undefined && { "auth-token": authToken }),
      ...(tls && {
        "cert-file": tls.cert,
        "key-file": tls.key,
        "trusted-ca-file": tls.ca,
        "client-cert-auth": "true",
      }),
    };
    const flags = Object.entries(args).map(([flag, value]) => `--${flag}=${value}`);
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
    while (!this.#isFrozen); // every thread of it stops by itself, and soon
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

  get #isFrozen(): boolean {
    const pid = this.#process?.pid;
    if (pid === undefined) return true;
    const states = readdirSync(`/proc/${pid}/task`).map((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8"),
    );
    return states.every((stat) => stat.slice(stat.lastIndexOf(")")).startsWith(") T"));
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  }
}

/** A real etcd of three members, each of which can be killed, frozen and started again by itself. */
export class EtcdCluster {
  readonly members: readonly EtcdServer[];

  private constructor(members: readonly EtcdServer[]) {
    this.members = members;
  }

  /** @param options of every member. Elections take 1 s there, as they need time on a busy machine */
  static async start(options: EtcdServerOptions = {}): Promise<EtcdCluster> {
    const names = ["a", "b", "c"];
    const ports = (await freePorts(6)).map((port) => `127.0.0.1:${port}`);
    const cluster = names.map((name, index) => `${name}=http://${ports[index]}`).join(",");
    const starting = names.map((name, index) => {
      const membership = { name, endpoint: ports[index + 3]!, peer: ports[index]!, cluster };
      return EtcdServer.join(membership, { electionTimeoutMs: 1_000, ...options });
    });
    return new EtcdCluster(await Promise.all(starting));
  }

  /** Of all members, in their order. */
  get endpoints(): readonly string[] {
    return this.members.map(({ endpoint }) => endpoint);
  }

  /** Whom the others follow now; asks those that answer. @throws Error where nobody leads */
  async leader(): Promise<EtcdServer> {
    for (const member of this.members) {
      const printed = await member.ctl("endpoint", "status", "--command-timeout=1s", "-w", "fields").catch(() => "");
      const said = (field: string) => new RegExp(`^"${field}" : (\\d+)$`, "m").exec(printed)?.[1];
      if (said("MemberID") !== undefined && said("MemberID") === said("Leader")) return member;
    }
    throw new Error("no member leads");
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
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
