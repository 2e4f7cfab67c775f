import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EtcdRegistryOptions } from "../../../src/registry/etcd/etcd.js";
import { EtcdCluster, EtcdServer, type EtcdServerOptions } from "../../support/etcd.js";
import { TcpProxy } from "../../support/tcp-proxy.js";
import type { Backend } from "./stage.js";

/** One etcd behind a road that can be cut, and a way to it that cannot. */
export class OneEtcd implements Backend {
  readonly server: EtcdServer;
  readonly road: TcpProxy;

  protected constructor(server: EtcdServer, road: TcpProxy) {
    this.server = server;
    this.road = road;
  }

  static async start(options?: EtcdServerOptions): Promise<OneEtcd> {
    const server = await EtcdServer.start(options);
    return new OneEtcd(server, await TcpProxy.to(server.endpoint));
  }

  get hosts(): readonly string[] {
    return [this.road.addressFor(this.server.endpoint)];
  }

  async ids(prefix: string): Promise<readonly string[]> {
    return idsIn(await this.ctl("get", "--keys-only", "--prefix", prefix), prefix);
  }

  ctl(...args: readonly string[]): Promise<string> {
    return this.server.ctl(...args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.road.close();
    await this.server.stop();
  }
}

/** One that asks who is there, and forgets it two seconds later. */
export class GuardedEtcd extends OneEtcd {
  static readonly tokenMs = 2_000;
  readonly options: Partial<EtcdRegistryOptions> = { auth: { username: "root", password: "secret" } };

  static override async start(): Promise<GuardedEtcd> {
    const folder = await mkdtemp(join(tmpdir(), "hawser-chaos-"));
    const [publicKey, privateKey] = [join(folder, "public.pem"), join(folder, "private.pem")];
    const keys = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs1", format: "pem" },
    });
    await Promise.all([writeFile(publicKey, keys.publicKey), writeFile(privateKey, keys.privateKey)]);
    const ttl = `${GuardedEtcd.tokenMs / 1_000}s`;
    const authToken = `jwt,pub-key=${publicKey},priv-key=${privateKey},sign-method=RS256,ttl=${ttl}`;
    const server = await EtcdServer.start({ authToken });
    await rm(folder, { recursive: true });
    await server.ctl("user", "add", "root:secret");
    await server.ctl("user", "grant-role", "root", "root");
    await server.ctl("auth", "enable");
    return new GuardedEtcd(server, await TcpProxy.to(server.endpoint));
  }

  override ctl(...args: readonly string[]): Promise<string> {
    return this.server.ctl("--user", "root:secret", ...args);
  }
}

/**
 * Three members, each behind a road of its own. A member that has lost its leader ends its streams after up to five times
 * the election's timeout, which has to be less than two thirds of a lease, as it is by default.
 */
export class ThreeMembers implements Backend {
  static readonly ttlMs = 5_000;
  readonly options: Partial<EtcdRegistryOptions> = { ttlMs: ThreeMembers.ttlMs };
  readonly cluster: EtcdCluster;
  readonly roads: readonly TcpProxy[];

  private constructor(cluster: EtcdCluster, roads: readonly TcpProxy[]) {
    this.cluster = cluster;
    this.roads = roads;
  }

  static async start(): Promise<ThreeMembers> {
    const cluster = await EtcdCluster.start({ electionTimeoutMs: 500 });
    return new ThreeMembers(cluster, await Promise.all(cluster.endpoints.map((endpoint) => TcpProxy.to(endpoint))));
  }

  get hosts(): readonly string[] {
    return this.roads.map((road, index) => road.addressFor(this.cluster.endpoints[index]!));
  }

  async ids(prefix: string): Promise<readonly string[]> {
    return idsIn(await this.cluster.members[0]!.ctl("get", "--keys-only", "--prefix", prefix), prefix);
  }

  /** Resolves once somebody leads. */
  async led(): Promise<EtcdServer> {
    for (;;) {
      const leader = await this.cluster.leader().catch(() => undefined);
      if (leader !== undefined) return leader;
    }
  }

  /** Resolves once every member answers for all of them. */
  async answers(): Promise<void> {
    const healthy = (member: EtcdServer): Promise<boolean> =>
      member.ctl("endpoint", "health", "--command-timeout=1s").then(
        () => true,
        () => false,
      );
    while (!(await Promise.all(this.cluster.members.map(healthy))).every(Boolean));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.roads.map((road) => road.close()));
    await this.cluster.stop();
  }
}

function idsIn(keys: string, prefix: string): readonly string[] {
  return keys
    .split("\n")
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
}
