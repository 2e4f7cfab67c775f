import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type Clock, systemClock, type Timer } from "../../src/time/time.js";

export interface FakeConsulOptions {
  /** The only token that is taken. Default: whoever asks is answered. */
  readonly token?: string;
  /** PEM. Clients must show a certificate of the CA. */
  readonly tls?: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
  /** By which checks run out and questions are held. Default: the machine's. */
  readonly clock?: Clock;
}

interface Registered {
  readonly body: { readonly [name: string]: unknown };
  readonly ttlMs: number;
  readonly deregisterAfterMs: number;
  status: "passing" | "warning" | "critical";
  timer: Timer | undefined;
}

interface Asked {
  readonly url: URL;
  readonly token: string | string[] | undefined;
  readonly body: string;
}

type Reply = readonly [status: number, body: unknown];

const node = { Node: "node-1", Address: "10.1.1.1", Datacenter: "dc1" };

/**
 * A fake: Consul is not in the distribution, and the tests take nothing from elsewhere. It speaks as much of the HTTP API
 * as the driver uses, after Consul's documentation: an agent whose TTL checks really run out, a catalogue that hears of it
 * a moment later, one index for everything, blocking queries, ACLs, limits of Meta.
 */
export class FakeConsul {
  /** Every request, as `PUT /v1/agent/…?ns=…`. */
  readonly requests: string[] = [];
  /** Answers every request under a path so, instead of with what is asked for. */
  readonly failing = new Map<string, { readonly status: number; readonly text: string }>();
  index = 10;
  /** The token may read nothing of what is asked about: it is answered with nothing, and a header says so. */
  filtering = false;
  readonly #options: FakeConsulOptions;
  readonly #clock: Clock;
  readonly #registered = new Map<string, Registered>();
  /** Entries of `/v1/health/service`, by service, as they were put there by hand. */
  readonly #foreign = new Map<string, object[]>();
  /** What the catalogue has been told. */
  #catalogue = new Map<string, { readonly name: string; readonly entry: object }>();
  readonly #held = new Set<() => void>();
  #server: Server | undefined;
  #port = 0;
  #hanging = false;

  private constructor(options: FakeConsulOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  static async start(options: FakeConsulOptions = {}): Promise<FakeConsul> {
    const consul = new FakeConsul(options);
    await consul.#listen();
    return consul;
  }

  /** `127.0.0.1:8500`: the same for life. */
  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** How many questions are held until there is news. */
  get held(): number {
    return this.#held.size;
  }

  /** Ends every connection, says nothing to anybody. */
  async stop(): Promise<void> {
    for (const { timer } of this.#registered.values()) timer?.cancel();
    this.#held.clear();
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }

  /** With what it knew, its checks running anew, or knowing nothing and counting from the beginning. */
  async restart(options: { readonly empty?: boolean } = {}): Promise<void> {
    await this.stop();
    if (options.empty) {
      this.#registered.clear();
      this.#catalogue.clear();
      this.index = 1;
    }
    for (const registered of this.#registered.values()) this.#await(registered);
    await this.#listen();
  }

  /** Takes requests and answers none, until `wakeUp()`. */
  hang(): void {
    this.#hanging = true;
  }

  wakeUp(): void {
    this.#hanging = false;
  }

  ids(): readonly string[] {
    return [...this.#registered.keys()];
  }

  /** What `PUT /v1/agent/service/register` was given last. */
  registered(id: string): { readonly [name: string]: unknown } | undefined {
    return this.#registered.get(id)?.body;
  }

  /** As `consul services deregister` would. */
  forget(id: string): void {
    this.#registered.get(id)?.timer?.cancel();
    this.#registered.delete(id);
    this.#sync();
  }

  /** The check of an instance, set by somebody else. */
  setStatus(id: string, status: Registered["status"]): void {
    (this.#registered.get(id) as Registered).status = status;
    this.#sync();
  }

  /** What `GET /v1/health/service/:name` shall say of instances that others have registered. */
  enter(service: string, entries: object[]): void {
    this.#foreign.set(service, entries);
    this.#changed();
  }

  /** A change that is none: what is watched stays, and the index grows. */
  stir(): void {
    this.#changed();
  }

  async #listen(): Promise<void> {
    const { tls } = this.#options;
    const answer = (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response);
    this.#server = tls === undefined ? createServer(answer) : createTlsServer({ ...tls, requestCert: true }, answer);
    await new Promise<void>((resolve) => this.#server?.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url as string, "http://consul");
    this.requests.push(`${request.method} ${request.url}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (this.#hanging) return;
    const asked = { url, token: request.headers["x-consul-token"], body: Buffer.concat(chunks).toString() };
    const [status, body] = this.#refusal(asked) ?? this.#reply(asked) ?? (await this.#health(url, response));
    response.writeHead(status, {
      "x-consul-index": String(this.index),
      ...(this.filtering && { "x-consul-results-filtered-by-acls": "true" }),
    });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  }

  #refusal({ url, token }: Asked): Reply | undefined {
    if (this.#options.token !== undefined && token !== this.#options.token) return [403, "Permission denied"];
    const [failing] = [...this.failing].filter(([path]) => url.pathname.startsWith(path));
    return failing && [failing[1].status, failing[1].text];
  }

  /** @returns undefined for what may be held */
  #reply({ url, body }: Asked): Reply | undefined {
    const path = decodeURIComponent(url.pathname);
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (path === "/v1/status/leader") return [200, JSON.stringify("127.0.0.1:8300")];
    if (path === "/v1/agent/service/register") return this.#register(JSON.parse(body));
    if (path.startsWith("/v1/agent/service/deregister/")) return this.#deregister(name);
    if (path.startsWith("/v1/agent/service/")) return this.#known(name);
    if (path.startsWith("/v1/agent/check/pass/")) return this.#pass(name);
    if (path === "/v1/catalog/services") {
      const { dc } = Object.fromEntries(url.searchParams);
      return [200, Object.fromEntries(this.#names(dc).map((each) => [each, []]))];
    }
    if (path.startsWith("/v1/health/service/")) return undefined;
    return [404, "no such path"];
  }

  #register(body: Registered["body"] & { ID?: string; Meta?: { [key: string]: string }; Check?: unknown }): Reply {
    const { ID = "", Meta = {} } = body;
    const pairs = Object.entries(Meta);
    if (pairs.length > 64)
      return [400, "Invalid Service Meta: Node metadata cannot contain more than 64 key/value pairs"];
    if (pairs.some(([key, value]) => !/^[a-zA-Z0-9_-]{1,128}$/.test(key) || Buffer.byteLength(value) > 512)) {
      return [400, "Invalid Service Meta: Value is too long or key contains invalid characters"];
    }
    const { TTL, Status, DeregisterCriticalServiceAfter } = body.Check as { [name: string]: string };
    const status = (Status ?? "critical") as Registered["status"];
    this.#registered.get(ID)?.timer?.cancel();
    const registered: Registered = {
      body,
      ttlMs: Number.parseInt(TTL as string, 10),
      deregisterAfterMs: Number.parseInt(DeregisterCriticalServiceAfter as string, 10),
      status,
      timer: undefined,
    };
    this.#registered.set(ID, registered);
    this.#await(registered);
    this.#sync();
    return [200, ""];
  }

  #deregister(id: string): Reply {
    if (!this.#registered.has(id)) return [404, `Unknown service ID ${JSON.stringify(id)}`];
    this.forget(id);
    return [200, ""];
  }

  #known(id: string): Reply {
    const registered = this.#registered.get(id);
    if (registered === undefined) return [404, `unknown service ID: ${id}`];
    const { Name, ...rest } = registered.body;
    return [200, { ...rest, Service: Name }];
  }

  #pass(check: string): Reply {
    const registered = this.#registered.get(check.replace(/^service:/, ""));
    if (registered === undefined) return [404, `Unknown check ID ${JSON.stringify(check)}`];
    this.#await(registered);
    if (registered.status !== "passing") {
      registered.status = "passing";
      this.#sync();
    }
    return [200, ""];
  }

  #await(registered: Registered): void {
    registered.timer?.cancel();
    registered.timer = this.#clock.timer(registered.ttlMs, () => {
      registered.status = "critical";
      this.#sync();
      const { ID } = registered.body as { readonly ID: string };
      registered.timer = this.#clock.timer(registered.deregisterAfterMs, () => this.forget(ID));
    });
  }

  /** The agent tells the catalogue what has changed, not at once. */
  #sync(): void {
    setImmediate(() => {
      this.#catalogue = new Map(
        [...this.#registered.values()].map(({ body: { Name, Check: _, ...service }, status }) => [
          service["ID"] as string,
          {
            name: Name as string,
            entry: { Node: node, Service: { ...service, Service: Name, Tags: [] }, Checks: [{ Status: status }] },
          },
        ]),
      );
      this.#changed();
    });
  }

  #changed(): void {
    this.index += 1;
    for (const resume of [...this.#held]) resume();
  }

  #names(datacenter?: string): readonly string[] {
    const names = new Set([...this.#catalogue.values()].map(({ name }) => name).concat(...this.#foreign.keys()));
    return [...names].filter((name) => this.#of(name, datacenter).length > 0).concat("consul");
  }

  #of(service: string, datacenter: string = node.Datacenter): readonly object[] {
    const own = [...this.#catalogue.values()].filter(({ name }) => name === service).map(({ entry }) => entry);
    return [...own, ...(this.#foreign.get(service) ?? [])].filter((entry) => {
      const { Node } = entry as { Node?: { Datacenter?: string } };
      return (Node?.Datacenter ?? node.Datacenter) === datacenter;
    });
  }

  async #health(url: URL, response: ServerResponse): Promise<Reply> {
    const query = url.searchParams;
    const index = Number(query.get("index") ?? 0);
    if (index > 0 && index >= this.index) {
      await new Promise<void>((resolve) => {
        const resume = (): void => {
          timer.cancel();
          this.#held.delete(resume);
          resolve();
        };
        const timer = this.#clock.timer(Number.parseInt(query.get("wait") ?? "300000ms", 10), resume);
        this.#held.add(resume);
        response.on("close", resume);
      });
    }
    return [200, this.#entries(decodeURIComponent(url.pathname.slice("/v1/health/service/".length)), query)];
  }

  #entries(service: string, query: URLSearchParams): readonly object[] {
    if (this.filtering) return [];
    const id = /^Service\.ID == (".*")$/.exec(query.get("filter") ?? "")?.[1];
    return this.#of(service, query.get("dc") ?? undefined).filter((entry) => {
      const { Service, Checks = [] } = entry as { Service?: { ID: string }; Checks?: { Status: string }[] };
      const wanted = id === undefined || Service?.ID === JSON.parse(id);
      return wanted && (query.get("passing") === null || Checks.every(({ Status }) => Status === "passing"));
    });
  }
}
