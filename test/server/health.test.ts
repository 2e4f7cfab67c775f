import { describe, expect, onTestFinished, test } from "vitest";
import { createClient } from "../../src/client/client.js";
import type { Metadata } from "../../src/contract/contract.js";
import { Code } from "../../src/errors/errors.js";
import { HealthDefinition, HealthCheckResponse_ServingStatus as Status } from "../../src/gen/grpc/health/v1/health.js";
import { createServer, statusAgeKey } from "../../src/server/server.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import type { Transport } from "../../src/transport/transport.js";
import { rpcFailure } from "../support/collect.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";
import { ManualClock } from "../support/manual-clock.js";
import { forever, Moment } from "../support/moment.js";

const contract = EchoServiceDefinition.fullName;

describe.each<[string, () => Transport, string]>([
  ["memory", memoryTransport, "memory://echo"],
  ["grpc-js", grpcJsTransport, "grpc://127.0.0.1:0"],
])("grpc.health.v1 over %s", (_name, make, address) => {
  async function given() {
    const transport = make();
    const begun = new Moment();
    const server = createServer({ transport, address }).add(
      EchoServiceDefinition,
      echo({
        put: () => {
          begun.now();
          return forever;
        },
      }),
    );
    await server.start();
    const client = createClient(HealthDefinition, { transport, target: server.address });
    const calls = createClient(EchoServiceDefinition, { transport, target: server.address });
    onTestFinished(async () => {
      await server.close({ graceMs: 0 });
      await Promise.all([client.close(), calls.close()]);
    });
    /** Statuses as they are told. */
    const watch = (service: string) => client.watch({ service })[Symbol.asyncIterator]();
    return { server, client, calls, watch, begun };
  }

  test("says of the server and of each contract that it serves", async () => {
    const { client } = await given();
    expect((await client.check({})).status).toBe(Status.SERVING);
    expect((await client.check({ service: contract })).status).toBe(Status.SERVING);
    expect((await client.list({})).statuses).toEqual({
      "": { status: Status.SERVING },
      [contract]: { status: Status.SERVING },
      [HealthDefinition.fullName]: { status: Status.SERVING },
    });
  });

  test("says of its own answers that they come, whatever they say", async () => {
    const { server, client } = await given();
    for (const service of ["", contract]) server.health.set(service, "NOT_SERVING");
    expect((await client.check({ service: HealthDefinition.fullName })).status).toBe(Status.SERVING);
  });

  test("says what it was told to say", async () => {
    const { server, client } = await given();
    server.health.set(contract, "NOT_SERVING");
    server.health.set("a.database", "SERVING");
    expect((await client.check({ service: contract })).status).toBe(Status.NOT_SERVING);
    expect((await client.check({ service: "a.database" })).status).toBe(Status.SERVING);
    expect((await client.check({})).status).toBe(Status.SERVING);
    expect(server.health.get(contract)).toBe("NOT_SERVING");
  });

  test("knows nothing of others: Check is NOT_FOUND, Watch says SERVICE_UNKNOWN and waits", async () => {
    const { server, client, watch } = await given();
    expect(await rpcFailure(client.check({ service: "no.such.Service" }))).toMatchObject({ code: Code.NOT_FOUND });
    const statuses = watch("no.such.Service");
    expect((await statuses.next()).value.status).toBe(Status.SERVICE_UNKNOWN);
    server.health.set("no.such.Service", "SERVING");
    expect((await statuses.next()).value.status).toBe(Status.SERVING);
    await statuses.return?.();
  });

  test("Watch tells what is, then every change, and nothing twice", async () => {
    const { server, watch } = await given();
    const statuses = watch(contract);
    expect((await statuses.next()).value.status).toBe(Status.SERVING);
    const next = statuses.next();
    server.health.set(contract, "SERVING");
    server.health.set("other", "NOT_SERVING");
    server.health.set(contract, "NOT_SERVING");
    expect((await next).value.status).toBe(Status.NOT_SERVING);
    await statuses.return?.();
  });

  test("a server that is held is NOT_SERVING, its contracts too, until the last who holds it lets go", async () => {
    const { server, client, watch } = await given();
    server.health.set("a.database", "SERVING");
    const release = [server.health.hold(), server.health.hold()];
    for (const service of ["", contract]) expect((await client.check({ service })).status).toBe(Status.NOT_SERVING);
    for (const service of [HealthDefinition.fullName, "a.database"])
      expect((await client.check({ service })).status).toBe(Status.SERVING);
    const statuses = watch("");
    expect((await statuses.next()).value.status).toBe(Status.NOT_SERVING);
    release[0]?.();
    release[0]?.();
    server.health.set("", "SERVING");
    expect(server.health.get("")).toBe("NOT_SERVING");
    release[1]?.();
    expect((await statuses.next()).value.status).toBe(Status.SERVING);
    await statuses.return?.();
  });

  test("a draining server says NOT_SERVING to those who watch", async () => {
    const { server, watch } = await given();
    const [whole, one] = [watch(""), watch(contract)];
    await whole.next();
    await one.next();
    server.drain();
    expect((await whole.next()).value.status).toBe(Status.NOT_SERVING);
    expect((await one.next()).value.status).toBe(Status.NOT_SERVING);
  });

  test("a draining server's process is alive", async () => {
    const { server, watch } = await given();
    const [whole, alive] = [watch(""), watch(HealthDefinition.fullName)];
    await whole.next();
    expect((await alive.next()).value.status).toBe(Status.SERVING);
    const next = alive.next();
    server.drain();
    expect((await whole.next()).value.status).toBe(Status.NOT_SERVING);
    expect(server.health.get(HealthDefinition.fullName)).toBe("SERVING");
    await server.close();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test("a closing server says so, then ends every watch: no watch holds it up", async () => {
    const { server, watch } = await given();
    const statuses = watch("");
    await statuses.next();
    const closing = server.close({ graceMs: 60_000 });
    expect((await statuses.next()).value.status).toBe(Status.NOT_SERVING);
    expect(await statuses.next()).toEqual({ done: true, value: undefined });
    await closing;
  });

  test("a closing server still tells while its last calls run", async () => {
    const { server, calls, watch, begun } = await given();
    const statuses = watch("");
    await statuses.next();
    const running = rpcFailure(calls.put({}, { timeoutMs: 60_000 }));
    await begun.promise;
    const closing = server.close({ graceMs: 1 });
    expect((await statuses.next()).value.status).toBe(Status.NOT_SERVING);
    await closing;
    expect(await running).toMatchObject({ code: Code.UNAVAILABLE });
  });
});

test("Check says how long the answer has been so", async () => {
  const clock = new ManualClock();
  const transport = memoryTransport();
  await using server = createServer({ transport, address: "memory://aged", clock });
  const { health } = server;
  await server.start();
  await using client = createClient(HealthDefinition, { transport, target: server.address });
  const age = async (): Promise<string | undefined> => {
    let told: string | undefined;
    const onHeader = (header: Metadata): void => {
      told = header.get(statusAgeKey);
    };
    await client.check({ service: "a.database" }, { onHeader });
    return told;
  };
  health.set("a.database", "SERVING");
  clock.advance(1200);
  health.set("a.database", "SERVING");
  expect(await age()).toBe("1200");
  health.set("a.database", "NOT_SERVING");
  clock.advance(30);
  expect(await age()).toBe("30");
});

test("a server says NOT_SERVING before it is started", () => {
  const server = createServer({ transport: memoryTransport(), address: "memory://echo" }).add(
    EchoServiceDefinition,
    echo(),
  );
  expect(server.health.get("")).toBe("NOT_SERVING");
  expect(server.health.get(contract)).toBe("NOT_SERVING");
  expect(server.health.get("other")).toBeUndefined();
});
