import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Code } from "../../src/errors/errors.js";
import { type KubernetesRegistryOptions, kubernetesRegistry } from "../../src/registry/kubernetes/kubernetes.js";
import type { Registry } from "../../src/registry/registry.js";
import { pod, slice } from "../support/endpoint-slices.js";
import { eventually } from "../support/eventually.js";
import { FakeKubernetesApi, type FakeKubernetesOptions } from "../support/fake-kubernetes-api.js";
import { ManualClock } from "../support/manual-clock.js";
import { clientTls, distrustingTls, tls } from "../support/tls/certificates.js";
import { Follower } from "./follower.js";
import { recordingLogger } from "./recording-logger.js";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startApi(options: FakeKubernetesOptions = {}): Promise<FakeKubernetesApi> {
  const api = await FakeKubernetesApi.start(options);
  cleanups.push(() => api.close());
  return api;
}

function open(options: KubernetesRegistryOptions): Registry {
  const registry = kubernetesRegistry({ random: () => 0, ...options });
  cleanups.push(() => registry.close());
  return registry;
}

const serverTls = { key: tls.key, cert: tls.cert, ca: tls.ca };

/** What a pod finds in its file system and its environment. */
async function mount(
  api: FakeKubernetesApi,
  token: string,
): Promise<{ readonly folder: string; rotate(token: string): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-kubernetes-"));
  cleanups.push(() => rm(folder, { recursive: true }));
  const rotate = (next: string) => writeFile(join(folder, "token"), `${next}\n`);
  await rotate(token);
  await writeFile(join(folder, "ca.crt"), tls.ca as Buffer);
  await writeFile(join(folder, "namespace"), "shop");
  const { hostname, port } = new URL(api.url);
  vi.stubEnv("KUBERNETES_SERVICE_HOST", hostname);
  vi.stubEnv("KUBERNETES_SERVICE_PORT", port);
  return { folder, rotate };
}

describe("in a pod", () => {
  test("address, token, authority and namespace are found where Kubernetes puts them", async () => {
    const api = await startApi({ tls: serverTls });
    api.tokens = new Set(["first"]);
    const { folder } = await mount(api, "first");
    api.put(slice("orders-a", [pod("orders-1", "10.0.0.1")], { namespace: "shop" }));
    const registry = open({ serviceAccount: folder });
    expect(registry.name).toBe(`kubernetes://${new URL(api.url).host}/shop`);
    await new Follower(registry, "orders").untilIds("orders-1");
  });

  test("a token that was replaced is read again within a minute", async () => {
    const [api, clock] = [await startApi({ tls: serverTls }), new ManualClock()];
    const { folder, rotate } = await mount(api, "first");
    const seen: string[] = [];
    api.intercept = ({ headers }) => {
      seen.push(headers.authorization ?? "");
      return false;
    };
    const registry = open({ serviceAccount: folder, clock });
    await registry.list();
    await rotate("second");
    clock.advance(59_999);
    await registry.list();
    clock.advance(1);
    await registry.list();
    expect(seen).toEqual(["Bearer first", "Bearer first", "Bearer second"]);
  });

  test("and at once where the server refuses the old one", async () => {
    const api = await startApi({ tls: serverTls });
    const { folder, rotate } = await mount(api, "first");
    api.tokens = new Set(["first"]);
    const registry = open({ serviceAccount: folder });
    await registry.list();
    api.tokens = new Set(["second"]);
    await rotate("second");
    expect(await registry.list()).toEqual([]);
  });

  test("elsewhere it says that there is no cluster, and what to do", () => {
    vi.stubEnv("KUBERNETES_SERVICE_HOST", undefined);
    expect(() => kubernetesRegistry()).toThrow(/runs in no pod .* give server, e\.g\. http:\/\/127\.0\.0\.1:8001/);
  });

  test("a pod without an account is told so", async () => {
    await mount(await startApi(), "first");
    const open = () => kubernetesRegistry({ serviceAccount: "/nowhere" });
    expect(open).toThrow(/\/nowhere\/namespace cannot be read; does the pod mount its service account/);
    const registry = kubernetesRegistry({ serviceAccount: "/nowhere", namespace: "shop" });
    cleanups.push(() => registry.close());
    await expect(registry.list()).rejects.toMatchObject({
      code: Code.FAILED_PRECONDITION,
      message: expect.stringMatching(/no credentials \(ENOENT.*\/nowhere\/.*does the pod mount its service account/),
    });
  });
});

describe("who may not, is told what is missing", () => {
  test("a token that is not known", async () => {
    const api = await startApi();
    api.tokens = new Set(["good"]);
    let asked = 0;
    const token = () => `bad-${++asked}`;
    await expect(open({ server: api.url, token }).list()).rejects.toMatchObject({
      code: Code.UNAUTHENTICATED,
      message: expect.stringMatching(/does not know who wants to list endpointslices \(HTTP 401: Unauthorized\)/),
    });
    expect(asked).toBe(2);
  });

  test("an account that may not list", async () => {
    const api = await startApi();
    api.allowed.delete("list");
    await expect(open({ server: api.url }).list()).rejects.toMatchObject({
      code: Code.PERMISSION_DENIED,
      message: expect.stringMatching(/cannot list resource "endpointslices".*Role with the verbs get, list, watch/),
    });
  });

  test("an account that may list and not watch is told by lists who is there, stale, and the log says why", async () => {
    const [api, logger, clock] = [await startApi(), recordingLogger(), new ManualClock()];
    api.put(slice("orders-a", [pod("orders-1", "10.0.0.1")]));
    api.allowed.delete("watch");
    const orders = new Follower(open({ server: api.url, logger, clock, random: () => 0.5 }), "orders");
    const { instances } = await orders.until(({ stale }) => stale);
    expect(instances.map(({ id }) => id)).toEqual(["orders-1"]);
    await eventually(() => expect(logger.lines).toHaveLength(1));
    expect((logger.lines[0]!.fields["err"] as Error).message).toMatch(
      /may not watch endpointslices here .*cannot watch/,
    );
    api.allowed.add("watch");
    await clock.run(400);
    await eventually(() => expect(api.watching).toBe(1));
    await orders.until(({ stale }) => !stale);
  });

  test("what is no Kubernetes at all", async () => {
    const api = await startApi();
    const answers: [number, string, RegExp][] = [
      [404, "<html>", /nothing to list endpointslices of \(HTTP 404\); it takes Kubernetes 1\.21/],
      [200, "<html>welcome", /is this the API server of a Kubernetes\? it says "<html>welcome"/],
      [200, "{}", /its list has no resourceVersion/],
      [503, '{"message":"etcd is away"}', /could not list endpointslices \(HTTP 503: etcd is away\)/],
      [302, "", /HTTP 302/],
    ];
    const registry = open({ server: api.url });
    for (const [status, body, message] of answers) {
      api.intercept = (_request, response) => {
        response.writeHead(status, { location: "http://127.0.0.1:1/" }).end(body);
        return true;
      };
      await expect(registry.list()).rejects.toThrow(message);
    }
  });
});

describe("a token function", () => {
  const failures: [string, () => string, RegExp][] = [
    [
      "throws",
      () => {
        throw new Error("vault is away");
      },
      /no credentials \(vault is away\)/,
    ],
    ["answers with what is no token", () => "a\nb", /no credentials \(a token is printable ASCII/],
    ["answers with nothing", () => undefined as unknown as string, /no credentials \(a token is printable ASCII/],
  ];

  test.each(failures)("that %s is told of, and asked anew the next time", async (_what, fail, message) => {
    const api = await startApi();
    let asked = 0;
    const registry = open({ server: api.url, token: () => (++asked === 1 ? fail() : "good") });
    await expect(registry.list()).rejects.toMatchObject({
      code: Code.FAILED_PRECONDITION,
      message: expect.stringMatching(message),
    });
    expect(await registry.list()).toEqual([]);
  });

  test("that never answers is given up in time, and asked anew the next time", async () => {
    const [api, clock] = [await startApi(), new ManualClock()];
    let asked = 0;
    const token = () => (++asked === 1 ? new Promise<never>(() => {}) : "good");
    const registry = open({ server: api.url, token, clock, requestTimeoutMs: 100 });
    const refused = expect(registry.list()).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringMatching(/no credentials within 100 ms/),
    });
    await clock.run(100);
    await refused;
    expect(await registry.list()).toEqual([]);
  });

  test("that never answers does not keep the registry open", async () => {
    const clock = new ManualClock();
    const registry = open({ server: "http://127.0.0.1:1", token: () => new Promise(() => {}), clock });
    const orders = new Follower(registry, "orders");
    const refused = expect(registry.list()).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    await clock.run(1);
    await registry.close();
    await refused;
    expect([orders.snapshots, clock.pending]).toEqual([[], 0]);
  });
});

describe("TLS", () => {
  test("a client certificate shows who is there", async () => {
    const api = await startApi({ tls: { ...serverTls, requestCert: true } });
    const { ca, cert, key } = clientTls as { ca: Buffer; cert: Buffer; key: Buffer };
    expect(await open({ server: api.url, ca, cert, key }).list()).toEqual([]);
    await expect(open({ server: api.url, ca }).list()).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  });

  test("a server that an authority vouches for whom nobody has named is not trusted", async () => {
    const api = await startApi({ tls: serverTls });
    for (const options of [{ ca: distrustingTls.ca as Buffer }, {}]) {
      await expect(open({ server: api.url, token: "secret", ...options }).list()).rejects.toThrow(/certificate/);
    }
    expect(api.requests).toEqual([]);
  });

  test.each(["10.0.0.1", "127.evil.example", "127.0.0.1.evil.example"])(
    "a token is not sent to http://%s, where anybody can read it",
    (host) => {
      const plain = () => kubernetesRegistry({ server: `http://${host}:8080`, token: "secret" });
      expect(plain).toThrow(`http://${host} would get the token where anybody can read it`);
    },
  );

  test.each(["localhost", "127.0.0.1", "127.9.9.9", "[::1]"])("it is to http://%s, which is this machine", (host) => {
    expect(open({ server: `http://${host}:8080`, token: "secret" }).name).toBe(`kubernetes://${host}:8080/default`);
  });
});

describe("services", () => {
  test("list() counts the pods of all pages, service by service, and says nothing of what cannot be called", async () => {
    const api = await startApi();
    const version = (text: string) => ({ labels: { "app.kubernetes.io/version": text } });
    api.put(slice("orders-a", [pod("orders-1", "10.0.0.1"), pod("orders-2", "10.0.0.2")], version("1.0.0")));
    api.put(slice("orders-b", [pod("orders-3", "10.0.0.3"), pod("orders-1", "10.0.0.1")], version("1.0.0")));
    api.put(slice("redis-a", [pod("redis-0", "10.0.0.4")], { service: "redis", ports: [{ port: 1 }, { port: 2 }] }));
    api.put(slice("stock-a", [pod("stock-1", "10.0.0.5")], { service: "stock", ...version("2.0.0") }));
    expect(await open({ server: api.url, pageSize: 1 }).list()).toEqual([
      { name: "orders", versions: ["1.0.0"], instances: 3 },
      { name: "stock", versions: ["2.0.0"], instances: 1 },
    ]);
  });

  test("what makes no sense is logged once, and again only where it was well in between", async () => {
    const [api, logger] = [await startApi(), recordingLogger()];
    const [good, bad] = [pod("orders-1", "10.0.0.1"), pod("orders-2", "not an address")];
    api.put(slice("orders-a", [good, bad]));
    const orders = new Follower(open({ server: api.url, logger }), "orders");
    await orders.untilIds("orders-1");
    await eventually(() => expect(api.watching).toBe(1));
    const warned = () => logger.lines.filter(({ message }) => message === "left out of the registry").length;
    for (const [zone, others, times] of [
      ["b", [bad], 1],
      ["c", [], 1],
      ["d", [bad], 2],
    ] as const) {
      api.put(slice("orders-a", [pod("orders-1", "10.0.0.1", { zone }), ...others]));
      await orders.until(({ instances }) => instances[0]?.zone === zone);
      expect(warned()).toBe(times);
    }
  });

  test("a slice that makes no sense a thousand times does not fill the log", async () => {
    const [api, logger] = [await startApi(), recordingLogger()];
    const nonsense = Array.from({ length: 1_000 }, (_, index) => pod(`bad-${index}`, `nowhere-${index}`));
    api.put(slice("orders-a", [pod("orders-1", "10.0.0.1"), ...nonsense]));
    await new Follower(open({ server: api.url, logger }), "orders").untilIds("orders-1");
    expect(logger.lines).toHaveLength(11);
    expect(logger.lines.at(-1)!.fields).toMatchObject({ service: "orders", more: 990 });
  });

  test("a very large service is read", async () => {
    const api = await startApi();
    for (let part = 0; part < 20; part++) {
      const pods = Array.from({ length: 1_000 }, (_, index) =>
        pod(`orders-${part}-${index}`, `10.${part}.${index >> 8}.${index & 255}`),
      );
      api.put(slice(`orders-${part}`, pods));
    }
    const orders = new Follower(open({ server: api.url, pageSize: 7 }), "orders");
    await orders.until(({ instances }) => instances.length === 20_000);
  });

  test("names that Kubernetes can give to no service are refused by name", () => {
    const registry = open({ server: "http://127.0.0.1:1" });
    for (const name of ["orders.prod.svc", "-orders", "orders.Prod", "a".repeat(64), "orders,x=y"]) {
      expect(() => registry.watch(name, () => {})).toThrow(`service ${JSON.stringify(name)}: Kubernetes can have none`);
    }
  });
});

test("an option that cannot be is refused by the factory, by name", () => {
  const server = "http://127.0.0.1:1";
  const wrong: [KubernetesRegistryOptions, RegExp][] = [
    [{ server: "127.0.0.1:6443" }, /server "127\.0\.0\.1:6443"; expected https:/],
    [{ server: "https://me:secret@10.0.0.1" }, /server "https:\/\/…@10\.0\.0\.1"/],
    [{ server, namespace: "Shop" }, /namespace is "Shop"/],
    [{ server, namespace: "a/../b" }, /namespace is/],
    [{ server, scheme: "Grpc" }, /scheme is "Grpc"/],
    [{ server, portName: "" }, /portName is ""/],
    [{ server, labelSelector: "" }, /labelSelector is ""/],
    [{ server, token: "" }, /token is not one/],
    [{ server, token: "two words" }, /token is not one/],
    [{ server, token: 5 as unknown as string }, /token is not one/],
    [{ server, ca: "x" }, /ca, cert or key cannot be used \(.+\); expected PEM/],
    [{ server, cert: "", key: "" }, /ca, cert or key cannot be used/],
    [{ server, cert: "x", key: "y" }, /ca, cert or key cannot be used/],
    [{ server, cert: tls.cert as Buffer, key: clientTls.key as Buffer }, /ca, cert or key cannot be used/],
    [{ server, cert: "x" }, /cert and key belong together/],
    [{ server, pageSize: 0 }, /pageSize is 0/],
    [{ server, silenceMs: Number.NaN }, /silenceMs is NaN/],
    [{ server, requestTimeoutMs: 1.5 }, /requestTimeoutMs is 1.5/],
    [{ server, settleMs: -1 }, /settleMs is -1/],
  ];
  for (const [options, message] of wrong) expect(() => kubernetesRegistry(options)).toThrow(message);
});
