import { EtcdServer } from "../../support/etcd.js";
import { TcpProxy } from "../../support/tcp-proxy.js";
import type { Backend } from "./stage.js";

/** One etcd behind a road that can be cut, and a way to it that cannot. */
export class OneEtcd implements Backend {
  readonly server: EtcdServer;
  readonly road: TcpProxy;

  private constructor(server: EtcdServer, road: TcpProxy) {
    this.server = server;
    this.road = road;
  }

  static async start(): Promise<OneEtcd> {
    const server = await EtcdServer.start();
    return new OneEtcd(server, await TcpProxy.to(server.endpoint));
  }

  get hosts(): readonly string[] {
    return [this.road.addressFor(this.server.endpoint)];
  }

  async ids(prefix: string): Promise<readonly string[]> {
    return idsIn(await this.server.ctl("get", "--keys-only", "--prefix", prefix), prefix);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.road.close();
    await this.server.stop();
  }
}

export function idsIn(keys: string, prefix: string): readonly string[] {
  return keys
    .split("\n")
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
}
