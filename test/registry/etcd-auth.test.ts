import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Code } from "../../src/errors/errors.js";
import { EtcdConnection } from "../../src/registry/etcd/connection/connection.js";
import { Login } from "../../src/registry/etcd/connection/token.js";
import { type EtcdRegistryOptions, etcdRegistry } from "../../src/registry/etcd/etcd.js";
import { resolveEtcdOptions } from "../../src/registry/etcd/options.js";
import type { Registry } from "../../src/registry/registry.js";
import { instance } from "../conformance/registry.js";
import { EtcdServer, type EtcdServerOptions } from "../support/etcd.js";
import { eventually } from "../support/eventually.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { Follower } from "./follower.js";
import { recordingLogger } from "./recording-logger.js";
import { createWatch } from "./watch-of-any-key.js";

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const prefix = "/hawser/instances";
const root = { username: "root", password: "secret" };
const guest = { username: "guest", password: "guest" };
const asRoot = ["--user", "root:secret"];

/** Asks who is there: `root`, who may everything, and `guest`, who may nothing. */
async function guarded(options: EtcdServerOptions = {}): Promise<EtcdServer> {
  const server = await EtcdServer.start(options);
  cleanups.push(() => server.stop());
  await server.ctl("user", "add", "root:secret");
  await server.ctl("user", "grant-role", "root", "root");
  await server.ctl("user", "add", "guest:guest");
  await server.ctl("auth", "enable");
  return server;
}

async function allowGuest(server: EtcdServer, range: string): Promise<void> {
  await server.ctl(...asRoot, "role", "add", "reader");
  await server.ctl(...asRoot, "role", "grant-permission", "--prefix=true", "reader", "readwrite", range);
  await server.ctl(...asRoot, "user", "grant-role", "guest", "reader");
}

async function put(server: EtcdServer, service: string, id: string): Promise<void> {
  await server.ctl(...asRoot, "put", `${prefix}/${service}/${id}`, JSON.stringify({ id, service }));
}

/** etcd's own, and etcdctl's. They outlive a restart, as they are in the log. */
async function forgetTokens(server: EtcdServer): Promise<void> {
  await server.ctl(...asRoot, "auth", "disable");
  await server.ctl("auth", "enable");
}

/** Does not wait between tries, so that a test need not either. */
function open(hosts: string, options: Partial<EtcdRegistryOptions> = {}): Registry {
  const registry = etcdRegistry({ hosts, random: () => 0, ...options });
  cleanups.push(() => registry.close());
  return registry;
}

function connect(hosts: string): EtcdConnection {
  const connection = new EtcdConnection(resolveEtcdOptions({ hosts, auth: root }));
  cleanups.push(() => connection.close());
  return connection;
}

/** Opens a watch, and whether etcd creates it. */
async function isWatched(connection: EtcdConnection): Promise<boolean> {
  const stream = await connection.watch();
  const { created, canceled } = await createWatch(stream);
  stream.end();
  stream.cancel();
  return created && !canceled;
}

/** How often somebody has given etcd a password since it was started. */
async function passwordsGiven(server: EtcdServer): Promise<number> {
  const text = await (await fetch(`http://${server.endpoint}/metrics`)).text();
  return Number(/^grpc_server_started_total\{grpc_method="Authenticate".* (\d+)$/m.exec(text)?.[1]);
}

describe("etcd that asks who is there", () => {
  test("a user with the right password registers and watches, over one connection, and gives the password once", async () => {
    const server = await guarded();
    const proxy = await TcpProxy.to(server.endpoint);
    cleanups.push(() => proxy.close());
    const before = await passwordsGiven(server);
    const registry = open(proxy.addressFor(server.endpoint), { auth: root });
    const orders = new Follower(registry, "orders");
    const ids = ["orders-1", "orders-2", "orders-3"];
    await Promise.all(ids.map((id) => registry.register(instance(id))));
    await orders.untilIds(...ids);
    expect(proxy.accepted).toBe(1);
    expect((await passwordsGiven(server)) - before).toBe(1);
  });

  test("a refusal comes at once and says what to change", async () => {
    const server = await guarded();
    const refusals: [Partial<EtcdRegistryOptions>, Code, RegExp][] = [
      [{ auth: { ...root, password: "wrong" } }, Code.UNAUTHENTICATED, /user "root" was refused; check auth/],
      [{ auth: guest }, Code.PERMISSION_DENIED, /user "guest" may not; grant the role readwrite on the prefix/],
      [{}, Code.UNAUTHENTICATED, /give auth/],
    ];
    for (const [options, code, message] of refusals) {
      const registry = open(server.endpoint, options);
      const refused = registry.register(instance("orders-1"), { timeoutMs: Number.POSITIVE_INFINITY });
      await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
      await expect(registry.list()).rejects.toMatchObject({ code });
    }
  });

  test("a user needs no more than the prefix", async () => {
    const server = await guarded();
    await allowGuest(server, `${prefix}/`);
    const registry = open(server.endpoint, { auth: guest });
    await registry.register(instance("orders-1"));
    expect(await registry.list()).toMatchObject([{ name: "orders", instances: 1 }]);
    await new Follower(registry, "orders").untilIds("orders-1");
    await expect(open(server.endpoint, { auth: guest, prefix: "/others" }).list()).rejects.toMatchObject({
      code: Code.PERMISSION_DENIED,
    });
  });

  test("a watch that may not says so once, goes on trying, and sees once it may", async () => {
    const server = await guarded();
    await server.ctl(...asRoot, "put", `${prefix}/orders/by-hand`, '{"id":"by-hand","service":"orders"}');
    const logger = recordingLogger();
    const warnings = () =>
      logger.lines.filter(({ level }) => level === "warn").map(({ fields }) => String(fields["err"]));
    const tries = () => logger.lines.filter(({ fields }) => String(fields["err"]).includes('"guest" may not')).length;
    const orders = new Follower(open(server.endpoint, { auth: guest, logger }), "orders");
    await eventually(() => expect(tries()).toBeGreaterThan(2));
    expect(warnings()).toEqual([expect.stringContaining('user "guest" may not')]);
    await allowGuest(server, `${prefix}/`);
    await orders.untilIds("by-hand");
  });

  test("a service that is forbidden under way is the only one that nobody hears of any more", async () => {
    const server = await guarded();
    await server.ctl(...asRoot, "role", "add", "reader");
    const readwrite = ["grant-permission", "--prefix=true", "reader", "readwrite"];
    for (const service of ["orders", "users"]) {
      await server.ctl(...asRoot, "role", ...readwrite, `${prefix}/${service}/`);
      await put(server, service, `${service}-1`);
    }
    await server.ctl(...asRoot, "user", "grant-role", "guest", "reader");
    const proxy = await TcpProxy.to(server.endpoint);
    cleanups.push(() => proxy.close());
    const logger = recordingLogger();
    const registry = open(proxy.addressFor(server.endpoint), { auth: guest, logger });
    const [orders, users] = [new Follower(registry, "orders"), new Follower(registry, "users")];
    await Promise.all([orders.untilIds("orders-1"), users.untilIds("users-1")]);
    await server.ctl(...asRoot, "role", "revoke-permission", "--prefix=true", "reader", `${prefix}/orders/`);
    proxy.cut();
    const tries = () => logger.lines.filter(({ fields }) => String(fields["err"]).includes('"guest" may not')).length;
    await eventually(() => expect(tries()).toBeGreaterThan(2));
    await users.until(({ stale }) => !stale);
    const before = users.snapshots.length;
    await eventually(() => expect(tries()).toBeGreaterThan(5));
    await put(server, "users", "users-2");
    await users.untilIds("users-1", "users-2");
    expect(users.snapshots.slice(before).filter(({ stale }) => stale)).toEqual([]);
    expect(orders.snapshots.at(-1)).toMatchObject({ stale: true, instances: [{ id: "orders-1" }] });
    await server.ctl(...asRoot, "role", ...readwrite, `${prefix}/orders/`);
    await orders.until(({ stale }) => !stale);
  });

  test("auth that etcd does not ask for is refused at once too", async () => {
    const server = await EtcdServer.start();
    cleanups.push(() => server.stop());
    await expect(open(server.endpoint, { auth: root }).register(instance("orders-1"))).rejects.toMatchObject({
      code: Code.FAILED_PRECONDITION,
      message: expect.stringMatching(/authentication is not enabled; leave out auth/),
    });
  });
});

describe("a token that etcd does not know any more", () => {
  test("is replaced before a stream is opened, and by all who open one at once together", async () => {
    const server = await guarded();
    const connection = connect(server.endpoint);
    await connection.range({ key: Buffer.from(prefix) });
    await forgetTokens(server);
    const before = await passwordsGiven(server);
    expect(await Promise.all([1, 2, 3].map(() => isWatched(connection)))).toEqual([true, true, true]);
    expect((await passwordsGiven(server)) - before).toBe(1);
  });

  test("is replaced by the request it was refused with", async () => {
    const server = await guarded();
    const connection = connect(server.endpoint);
    const { leaseId } = await connection.grant(10_000);
    await forgetTokens(server);
    const before = await passwordsGiven(server);
    expect(await connection.isAlive(leaseId)).toBe(true);
    await connection.txn({ success: [{ request_put: { key: Buffer.from("a"), value: Buffer.from("1") } }] });
    expect((await passwordsGiven(server)) - before).toBe(1);
  });

  test("nothing is lost when tokens are valid for a second only", async () => {
    const server = await guarded({ authToken: await shortLivedTokens() });
    const proxy = await TcpProxy.to(server.endpoint);
    cleanups.push(() => proxy.close());
    const before = await passwordsGiven(server);
    const registry = open(proxy.addressFor(server.endpoint), { auth: root });
    const orders = new Follower(registry, "orders");
    const registration = await registry.register(instance("orders-1"));
    let weight = 0;
    const isExpired = async () => (await passwordsGiven(server)) - before > 2;
    while (!(await isExpired())) {
      proxy.cut();
      weight += 1;
      const seen = orders.until(({ instances }) => instances[0]?.weight === weight);
      await eventually(() => registration.update(instance("orders-1", { weight })));
      await seen;
    }
    expect(registration.state).toBe("registered");
  });

  test("is asked for once however many want it, and again once it was refused or could not be had", async () => {
    const login = new Login({});
    const authenticate = vi.fn(async () => `token ${authenticate.mock.calls.length}`);
    expect(await Promise.all([login.token(authenticate), login.token(authenticate)])).toEqual(["token 1", "token 1"]);
    login.refused("token 1");
    expect(await login.token(authenticate)).toBe("token 2");
    login.refused("token 1");
    expect(await login.token(authenticate)).toBe("token 2");
    login.refused("token 2");
    await expect(login.token(() => Promise.reject(new Error("away")))).rejects.toThrow("away");
    expect(await login.token(authenticate)).toBe("token 3");
  });

  test("is the same at every member, and one that does not give it keeps nobody waiting at another", async () => {
    const token = {};
    const [frozen, well] = [new Login(token), new Login(token)];
    void frozen.token(() => new Promise(() => {}));
    expect(await well.token(async () => "token 1")).toBe("token 1");
    expect(await frozen.token(() => Promise.reject(new Error("not asked")))).toBe("token 1");
    well.refused("token 1");
    expect(await well.token(async () => "token 2")).toBe("token 2");
  });
});

/** As the flag `--auth-token` wants to know it. */
async function shortLivedTokens(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-jwt-"));
  cleanups.push(() => rm(folder, { recursive: true }));
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const [publicFile, privateFile] = [join(folder, "public.pem"), join(folder, "private.pem")];
  await writeFile(publicFile, publicKey.export({ type: "spki", format: "pem" }));
  await writeFile(privateFile, privateKey.export({ type: "pkcs1", format: "pem" }));
  return `jwt,pub-key=${publicFile},priv-key=${privateFile},sign-method=RS256,ttl=1s`;
}
