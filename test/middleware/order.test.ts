import { describe, expect, test } from "vitest";
import { createClient } from "../../src/client/client.js";
import type { Middleware } from "../../src/contract/contract.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import { compose } from "../../src/middleware/middleware.js";
import { createServer } from "../../src/server/server.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import { collect } from "../support/collect.js";
import { Diary } from "../support/diary.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";
import { Fleet } from "../support/fleet.js";

/** Notes when a call comes in and when it goes out again. */
function noting(name: string, notes: string[]): Middleware {
  return (next) => async (call) => {
    notes.push(`${name} in`);
    try {
      return await next(call);
    } finally {
      notes.push(`${name} out`);
    }
  };
}

describe("middleware", () => {
  test("the first listed is the outermost, on the client and on the server alike", async () => {
    const transport = memoryTransport();
    for (const shape of ["unary", "serverStream", "clientStream", "bidi"] as const) {
      const notes: string[] = [];
      await using server = createServer({
        transport,
        address: `memory://${shape}`,
        middleware: [noting("server 1", notes), noting("server 2", notes)],
      }).add(EchoServiceDefinition, echo());
      await server.start();
      await using client = createClient(EchoServiceDefinition, {
        transport,
        target: server.address,
        middleware: [noting("client 1", notes), noting("client 2", notes)],
        attemptMiddleware: [noting("attempt 1", notes), noting("attempt 2", notes)],
      });
      if (shape === "unary") await client.unary({});
      else if (shape === "clientStream") await client.clientStream([{}]);
      else if (shape === "serverStream") await collect(client.serverStream({ count: 1 }));
      else await collect(client.bidi([{ count: 1 }]));
      const order = ["client 1", "client 2", "attempt 1", "attempt 2", "server 1", "server 2"];
      expect(notes.filter((note) => note.endsWith(" in"))).toEqual(order.map((name) => `${name} in`));
      const left = notes.filter((note) => note.endsWith(" out")).map((note) => note.slice(0, -4));
      for (const side of ["client", "attempt", "server"]) {
        expect(left.filter((name) => name.startsWith(side))).toEqual([`${side} 2`, `${side} 1`]);
      }
    }
  });

  test("a client's middleware sees a call once, its attempt middleware every attempt, with instance and number", async () => {
    await using fleet = new Fleet();
    const away = () => {
      throw new RpcError(Code.UNAVAILABLE, "away");
    };
    await fleet.register("echo-1");
    await fleet.add("echo-2", { read: away });
    await fleet.add("echo-3");
    const seen: (string | number)[] = [];
    const client = fleet.client({
      middleware: [
        (next) => (call) => {
          seen.push(`call ${call.attempt} ${call.instance?.id}`);
          return next(call);
        },
      ],
      attemptMiddleware: [
        (next) => (call) => {
          seen.push(`attempt ${call.attempt} ${call.instance?.id}`);
          return next(call);
        },
      ],
    });
    expect((await client.read({})).instance).toBe("echo-3");
    expect(seen).toEqual(["call 0 undefined", "attempt 1 echo-1", "attempt 2 echo-2", "attempt 3 echo-3"]);
  });

  test("a server's middleware stands before health and reflection too, and sees what a handler sees", async () => {
    const transport = memoryTransport();
    const paths: string[] = [];
    await using server = createServer({
      transport,
      address: "memory://echo",
      middleware: [
        (next) => (call) => {
          paths.push(call.method.fullName);
          return next(call);
        },
      ],
    }).add(EchoServiceDefinition, echo());
    await server.start();
    const { HealthDefinition } = await import("../../src/gen/grpc/health/v1/health.js");
    await using health = createClient(HealthDefinition, { transport, target: server.address });
    await health.check({});
    await using client = createClient(EchoServiceDefinition, { transport, target: server.address });
    await client.unary({});
    expect(paths).toEqual(["grpc.health.v1.Health/Check", "hawser.test.v1.EchoService/Unary"]);
  });

  test("on either side it may change request and metadata, answer itself, and change the answer", async () => {
    const transport = memoryTransport();
    await using server = createServer({
      transport,
      address: "memory://echo",
      middleware: [
        (next) => async (call) => {
          const reply = await next(call.with({ message: { ...(call.message as object), count: 7 } }));
          return {
            ...reply,
            message: { ...(reply.message as object), index: 5 },
            header: reply.header,
            trailer: reply.trailer,
          };
        },
        (next) => (call) => {
          if (call.metadata.has("x-stop")) throw new RpcError(Code.PERMISSION_DENIED, "stopped by middleware");
          return next(call);
        },
      ],
    }).add(EchoServiceDefinition, echo({ unary: ({ text, count }) => ({ text: `${text} ${count}` }) }));
    await server.start();
    await using client = createClient(EchoServiceDefinition, {
      transport,
      target: server.address,
      middleware: [
        (next) => (call) => {
          call.metadata.set("x-from", "middleware");
          return next(call.with({ message: { text: "changed" } }));
        },
      ],
    });
    expect(await client.unary({ text: "given" })).toMatchObject({ text: "changed 7", index: 5 });
    await expect(client.unary({}, { metadata: { "x-stop": "1" } })).rejects.toMatchObject({
      code: Code.PERMISSION_DENIED,
      message: "stopped by middleware",
      remote: true,
    });
  });

  test("a failure in a server's middleware is as neutral to the caller as one in a handler, and told to the log", async () => {
    const transport = memoryTransport();
    const logger = new Diary();
    await using server = createServer({
      transport,
      address: "memory://echo",
      logger,
      middleware: [
        () => () => {
          throw new Error("password=hunter2");
        },
      ],
    }).add(EchoServiceDefinition, echo());
    await server.start();
    await using client = createClient(EchoServiceDefinition, { transport, target: server.address });
    for (const call of [() => client.unary({}), () => collect(client.serverStream({}))]) {
      await expect(call()).rejects.toMatchObject({
        code: Code.UNKNOWN,
        message: expect.stringMatching(/^unknown error \(error id /),
      });
      expect(logger.lines.pop()).toMatchObject({ err: { message: "password=hunter2" } });
    }
  });

  test("a client's middleware that throws at once rejects the call, and nothing else", async () => {
    const transport = memoryTransport();
    await using client = createClient(EchoServiceDefinition, {
      transport,
      target: "memory://echo",
      middleware: [
        () => () => {
          throw new RpcError(Code.PERMISSION_DENIED, "not from here");
        },
      ],
    });
    await expect(client.unary({})).rejects.toMatchObject({ code: Code.PERMISSION_DENIED });
    await expect(collect(client.serverStream({}))).rejects.toMatchObject({ code: Code.PERMISSION_DENIED });
  });

  test("an attempt's middleware that throws at once is an attempt that failed", async () => {
    await using fleet = new Fleet();
    await fleet.add("echo-1");
    const client = fleet.client({
      attemptMiddleware: [
        () => () => {
          throw new RpcError(Code.PERMISSION_DENIED, "not from here");
        },
      ],
    });
    await expect(client.unary({})).rejects.toMatchObject({ code: Code.PERMISSION_DENIED });
    expect(fleet.picked).toEqual([{ id: "echo-1", outcome: { code: Code.PERMISSION_DENIED, failed: false } }]);
  });

  test("composing nothing is what was there", () => {
    const invoke = () => Promise.reject(new Error("not called"));
    expect(compose([], invoke)).toBe(invoke);
  });
});
