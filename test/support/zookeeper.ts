import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "vitest";
import { freePort } from "./free-ports.js";

const jars = ["zookeeper", "zookeeper-jute", "slf4j-api", "slf4j-simple", "netty-all", "metrics-core", "snappy-java"];
const classpath = jars.map((jar) => `/usr/share/java/${jar}.jar`);

/** The tests that need a real ZooKeeper. Where there can be none they are skipped, and say why. */
export function withZooKeeper(name: string, tests: () => void): void {
  const missing = noZooKeeper();
  if (missing === undefined) {
    describe(name, tests);
    return;
  }
  console.warn(`skipped, ${name}: ${missing}`);
  test.skip(`${name} (skipped: ${missing})`, () => {});
}

function noZooKeeper(): string | undefined {
  const way = "try: make zookeeper";
  if (!existsSync(classpath[0] as string)) return `ZooKeeper is not installed; ${way}`;
  return spawnSync("java", ["-version"]).error === undefined ? undefined : `Java is not installed; ${way}`;
}

/** A real ZooKeeper of one server, in a temporary folder of its own. Grants session timeouts from 400 ms on. */
export class ZooKeeperServer {
  /** `127.0.0.1:2181`: the same for life, over kills and restarts. */
  readonly endpoint: string;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  private constructor(endpoint: string, folder: string) {
    this.endpoint = endpoint;
    this.#folder = folder;
  }

  static async start(): Promise<ZooKeeperServer> {
    const server = new ZooKeeperServer(
      `127.0.0.1:${await freePort()}`,
      await mkdtemp(join(tmpdir(), "hawser-zookeeper-")),
    );
    await server.restart();
    return server;
  }

  /** Starts ZooKeeper on the data that is there, or on none. */
  async restart(options: { readonly empty?: boolean } = {}): Promise<void> {
    const data = join(this.#folder, "data");
    if (options.empty) await rm(data, { recursive: true });
    const config = join(this.#folder, "zoo.cfg");
    const settings = {
      dataDir: data,
      clientPort: this.#port,
      clientPortAddress: "127.0.0.1",
      tickTime: 200,
      minSessionTimeout: 400,
      maxSessionTimeout: 600_000,
      maxClientCnxns: 0,
      "admin.enableServer": false,
      "4lw.commands.whitelist": "*",
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(config, lines.join(""));
    const flags = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dzookeeper.forceSync=no"];
    const main = "org.apache.zookeeper.server.quorum.QuorumPeerMain";
    this.#process = spawn("java", [...flags, "-cp", classpath.join(":"), main, config], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    await this.#ready(this.#process);
  }

  /** As by `kill -9`: nothing is said to anybody. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
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
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** What one of the four-letter commands answers, as `echo srvr | nc host port` would. */
  async ask(command: string): Promise<string> {
    const socket = connect(this.#port, "127.0.0.1");
    // A server that is just starting may take a question and forget it.
    socket.setTimeout(1_000, () => socket.destroy(new Error(`no answer to ${command}`)));
    socket.end(command);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  }

  /** The ids of all sessions, in hexadecimal, with the ephemeral nodes of each. */
  async sessions(): Promise<ReadonlyMap<string, readonly string[]>> {
    const [, ephemerals = ""] = (await this.ask("dump")).split("Sessions with Ephemerals");
    const owners = ephemerals.split(/^0x/m).slice(1);
    return new Map(
      owners.map((owner) => [
        owner.split(":")[0] as string,
        [...owner.matchAll(/^\t(\/\S+)/gm)].map(([, path]) => path as string),
      ]),
    );
  }

  get #port(): number {
    return Number(this.endpoint.split(":")[1]);
  }

  async #ready(child: ChildProcess): Promise<void> {
    const said: string[] = [];
    child.stderr?.on("data", (text: Buffer) => said.push(text.toString()));
    while (!(await this.ask("srvr").catch(() => "")).includes("Mode:")) {
      if (child.exitCode !== null) throw new Error(`ZooKeeper ended with code ${child.exitCode}:\n${said.join("")}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    said.length = 0;
    child.stderr?.removeAllListeners("data").resume();
  }
}
