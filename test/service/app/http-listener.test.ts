import { once } from "node:events";
import type { RequestListener, Server } from "node:http";
import { Agent, createServer, get } from "node:http";
import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { defineApp, type HttpListenerOptions, httpListener } from "../../../src/service/service.js";
import { EchoServiceDefinition } from "../../support/echo.js";
import { echoing, gate, listens, SharedRegistry, started } from "./stage.js";

/** An app of one service that answers over HTTP too. */
function withHttp(handler: RequestListener | Server, options: Partial<HttpListenerOptions> = {}) {
  return defineApp({
    services: [echoing("orders", { setup: ({ listen }) => listen(httpListener(handler, { port: 0, ...options })) })],
  });
}

const httpOf = (instance: { readonly endpoints: readonly string[] } | undefined): string =>
  instance?.endpoints.find((endpoint) => endpoint.startsWith("http://")) as string;

describe("httpListener()", () => {
  it("is one more endpoint of the instance, and answers there", async () => {
    const registry = new SharedRegistry();
    const app = withHttp((_, response) => response.end("ahoy"));
    const running = await started(app, { remote: { registry } });
    const [memory, grpc, http] = running.instances[0]?.endpoints ?? [];
    expect(memory).toMatch(/^memory:\/\/orders-/);
    expect(grpc).toMatch(/^grpc:\/\/127\.0\.0\.1:\d+$/);
    expect(http).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await fetch(http as string)).text()).toBe("ahoy");
    const found = gate<readonly string[]>();
    const watch = registry.watch("orders", ({ instances }) => found.open(instances[0]?.endpoints ?? []));
    expect(await found.passed).toEqual([grpc, http]);
    await watch.close();
  });

  it("lets a request end at the stop, with what it calls, and waits for no kept connection", async () => {
    const [called, answer] = [gate(), gate()];
    const app = defineApp({
      services: [
        echoing("front", {
          needs: ["back"],
          setup({ needs, listen }) {
            const handler: RequestListener = async (_, response) => {
              called.open();
              await answer.passed;
              response.end((await needs["back"]!.unary({})).text);
            };
            listen(httpListener(handler, { port: 0 }));
          },
        }),
        echoing("back"),
      ],
    });
    const running = await started(app);
    const endpoint = httpOf(running.instances.find(({ service }) => service === "front"));
    const agent = new Agent({ keepAlive: true });
    const text = new Promise<string>((resolve, reject) => {
      get(endpoint, { agent }, async (response) => resolve((await response.setEncoding("utf8").toArray()).join("")));
      agent.once("error", reject);
    });
    await called.passed;
    const closed = running.close();
    answer.open();
    expect(await text).toBe("back");
    await closed;
    expect(await listens(endpoint)).toBe(false);
    agent.destroy();
  });

  it("cuts requests that outlive the grace", async () => {
    const called = gate();
    const running = await started(
      withHttp(() => called.open()),
      { graceMs: 20 },
    );
    const request = fetch(httpOf(running.instances[0]));
    const refused = expect(request).rejects.toThrow("fetch failed");
    await called.passed;
    await running.close();
    await refused;
  });

  it("cuts a WebSocket that outlives the grace", async () => {
    const server = createServer();
    server.on("upgrade", (_, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    });
    const running = await started(withHttp(server), { graceMs: 20 });
    const upgraded = gate<Socket>();
    const headers = { connection: "upgrade", upgrade: "websocket" };
    get(httpOf(running.instances[0]), { headers }).once("upgrade", (_, socket) => upgraded.open(socket));
    const socket = await upgraded.passed;
    const cut = new Promise((resolve) => socket.once("close", resolve));
    await running.close();
    await cut;
  });

  it("waits for no connection that has said nothing yet", async () => {
    const server = createServer();
    const running = await started(withHttp(server), { graceMs: 2 ** 31 - 1 });
    const accepted = once(server, "connection");
    const silent = connect(Number(new URL(httpOf(running.instances[0])).port), "127.0.0.1");
    const gone = new Promise((resolve) => silent.on("error", () => {}).once("close", resolve));
    await accepted;
    await running.close();
    await gone;
  });

  it("takes a server of one's own, and says another host than it is bound to", async () => {
    const server = createServer((_, response) => response.end("own"));
    const running = await started(withHttp(server, { advertise: "localhost" }));
    const endpoint = httpOf(running.instances[0]);
    expect(endpoint).toMatch(/^http:\/\/localhost:\d+$/);
    expect(await (await fetch(endpoint.replace("localhost", "127.0.0.1"))).text()).toBe("own");
  });

  it("is there when its service is, and not after a move", async () => {
    const running = await started(withHttp((_, response) => response.end()));
    const before = httpOf(running.instances[0]);
    await running.stopService("orders");
    expect(await listens(before)).toBe(false);
    expect(running.instances).toEqual([]);
  });

  it.each([-1, 1.5, 65_536, Number.NaN, "8080"])("refuses the port %s", (port) => {
    expect(() => httpListener(() => {}, { port: port as number })).toThrow(
      new RangeError(`httpListener: port: must be a whole number from 0 to 65535, was ${port}`),
    );
  });

  it("does not keep a service from being called in process", async () => {
    const running = await started(withHttp((_, response) => response.end()));
    expect((await running.client(EchoServiceDefinition, "orders").unary({})).text).toBe("orders");
  });
});
