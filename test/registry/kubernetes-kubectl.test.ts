import { type ChildProcessWithoutNullStreams, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { kubernetesRegistry } from "../../src/registry/kubernetes/kubernetes.js";
import { pod, slice } from "../support/endpoint-slices.js";
import { eventually } from "../support/eventually.js";
import { FakeKubernetesApi } from "../support/fake-kubernetes-api.js";
import { Follower } from "./follower.js";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const missing = spawnSync("kubectl", ["version", "--client"], { timeout: 20_000 }).status !== 0;

/** Without anybody's own configuration. */
async function kubectl(api: FakeKubernetesApi): Promise<{ readonly args: string[]; readonly env: NodeJS.ProcessEnv }> {
  const home = await mkdtemp(join(tmpdir(), "hawser-kubectl-"));
  cleanups.push(() => rm(home, { recursive: true, force: true }));
  return { args: ["--server", api.url, "--kubeconfig", "/dev/null"], env: { PATH: process.env["PATH"], HOME: home } };
}

async function startApi(): Promise<FakeKubernetesApi> {
  const api = await FakeKubernetesApi.start();
  cleanups.push(() => api.close());
  return api;
}

/** kubectl is what others use: what it takes for a Kubernetes is one, as far as this goes. */
describe.skipIf(missing)("kubectl, where it is installed", () => {
  test("reads the lists of the fake API server that these tests stand on", async () => {
    const api = await startApi();
    api.put(slice("orders-a", [pod("orders-1", "10.0.0.1")]));
    const { args, env } = await kubectl(api);
    const path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
    const { stdout } = await promisify(execFile)("kubectl", [...args, "get", "--raw", path], { env });
    expect(JSON.parse(stdout)).toMatchObject({
      kind: "EndpointSliceList",
      items: [{ metadata: { name: "orders-a" } }],
    });
  });

  test("a kubectl proxy is a server like any other, watches included", async () => {
    const api = await startApi();
    api.put(slice("orders-a", [pod("orders-1", "10.0.0.1")]));
    const { args, env } = await kubectl(api);
    const proxy = spawn("kubectl", [...args, "proxy", "--port", "0"], { env });
    cleanups.push(() => ended(proxy));
    const registry = kubernetesRegistry({ server: `http://${await addressOf(proxy)}` });
    cleanups.push(() => registry.close());
    const orders = new Follower(registry, "orders");
    await orders.untilIds("orders-1");
    await eventually(() => expect(api.watching).toBe(1));
    api.put(slice("orders-b", [pod("orders-2", "10.0.0.2")]));
    await orders.untilIds("orders-1", "orders-2");
    expect(await registry.list()).toMatchObject([{ name: "orders", instances: 2 }]);
  });
});

/** `Starting to serve on 127.0.0.1:41234` */
async function addressOf(proxy: ChildProcessWithoutNullStreams): Promise<string> {
  let said = "";
  for await (const chunk of proxy.stdout.iterator({ destroyOnReturn: false })) {
    said += String(chunk);
    const [, address] = /on (127\.0\.0\.1:\d+)/.exec(said) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error(`kubectl proxy said ${JSON.stringify(said)}`);
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}
