import { describe, expect, it } from "vitest";
import { Code, RpcError } from "../../src/errors/errors.js";
import { defineApp, defineService } from "../../src/service/service.js";
import { testApp } from "../../src/testing/testing.js";
import { failure } from "../support/collect.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";
import { pier } from "./harbour.js";

const twice = { duplicate: true } as const;

/** Says that it may be written in again, and refuses. */
const guestbook = defineService({
  name: "guestbook",
  contract: EchoServiceDefinition,
  setup() {
    const known = new Set<string>();
    return echo({
      put({ text }) {
        if (known.has(text)) throw new RpcError(Code.ALREADY_EXISTS, `${text} is here`);
        known.add(text);
        return { text };
      },
      read: () => ({ index: known.size }),
    });
  },
});

/** Looks before it writes, and takes a guest who is there for good news. */
const clerk = defineService({
  name: "clerk",
  contract: EchoServiceDefinition,
  needs: { guestbook: EchoServiceDefinition },
  setup: ({ needs }) =>
    echo({
      async put({ text }) {
        const { index } = await needs.guestbook.read({});
        if (index === 0) await needs.guestbook.put({ text });
        return { text };
      },
    }),
});

const registers = defineApp({ name: "registers", services: [clerk, guestbook] });

describe("the report", () => {
  it("has nothing to say of calls that were carried out once", async () => {
    await using app = await testApp(pier);
    const desk = app.client("desk");
    await desk.unary({ text: "tar" });
    await desk.unary({ text: "tar" });
    await desk.read({ text: "tar" });

    expect(app.report).toEqual([]);
  });

  it("names handlers that were carried out twice though their contract does not say that they may be", async () => {
    await using app = await testApp(pier, { faults: [{ to: "ledger", ...twice }] });
    await app.client("desk").unary({ text: "tar" });
    await app.client("desk").unary({ text: "rope" });

    expect(app.report).toEqual([
      {
        kind: "undeclared",
        service: "ledger",
        method: "unary",
        calls: 2,
        message:
          "hawser.test.v1.EchoService/Unary was carried out twice for one call of desk, and its contract does not say that it " +
          "may be: make the handler idempotent and say `option idempotency_level = IDEMPOTENT`, or do not repeat it",
      },
    ]);
  });

  it("finds them below a handler that says it may be repeated, and repeats what it calls", async () => {
    await using app = await testApp(pier, { faults: [{ to: "desk", ...twice }] });
    await app.client("desk").read({ text: "tar" });

    expect(app.report).toMatchObject([{ kind: "undeclared", service: "ledger", method: "unary", calls: 1 }]);
    expect(app.report[0]?.message).toContain("for one call of desk");
  });

  it("finds them under the retry that every client has, where an answer was lost", async () => {
    await using app = await testApp(pier, {
      faults: [{ to: "desk", drop: "response", error: Code.UNAVAILABLE, times: 1 }],
    });
    await app.client("desk").read({ text: "tar" });

    expect(app.report).toMatchObject([{ kind: "undeclared", service: "ledger", method: "unary" }]);
  });

  it("takes a handler that says it may be repeated, and comes to the same, for what it says it is", async () => {
    await using app = await testApp(pier, { faults: [twice] });
    await app.client("desk").put({ text: "tar" });

    expect(app.callsTo("ledger")).toHaveLength(2);
    expect(app.report).toEqual([]);
  });

  it("names a handler that says it may be repeated, and answers otherwise the second time", async () => {
    await using app = await testApp(pier, {
      config: { ledger: { forgetful: true } },
      faults: [{ to: "ledger", ...twice }],
    });
    await app.client("ledger").put({ text: "tar" });

    const [finding] = app.report;
    expect(finding).toMatchObject({ kind: "unlike", service: "ledger", method: "put", calls: 1 });
    expect(finding?.message).toMatch(
      /EchoService\/Put was carried out twice for one call of test, and did not come to the same: \{.*index: 1,.*\}, then \{.*index: 2,.*\}; its contract says/,
    );
  });

  it("lets what is only read change while the work above it is done again", async () => {
    await using app = await testApp(registers, { faults: [{ to: "clerk", ...twice }] });
    await app.client("clerk").put({ text: "ada" });

    expect(app.callsTo("guestbook", "read").map(({ response }) => response?.index)).toEqual([0, 1]);
    expect(app.report).toEqual([]);
  });

  it("names what is only read, and answers otherwise though nothing was done between", async () => {
    let reads = 0;
    const counter = defineService({
      name: "counter",
      contract: EchoServiceDefinition,
      setup: () => echo({ read: () => ({ index: ++reads }) }),
    });
    await using app = await testApp(defineApp({ services: [counter] }), { faults: [twice] });
    await app.client("counter").read({});

    expect(app.report).toMatchObject([{ kind: "unlike", service: "counter", method: "read" }]);
  });

  it("names one that refuses what it has done before", async () => {
    await using app = await testApp(registers, { faults: [{ to: "guestbook", ...twice }] });

    expect((await app.client("guestbook").put({ text: "ada" })).text).toBe("ada");
    expect(app.report[0]?.message).toMatch(/\{ .*text: 'ada'.* \}, then ALREADY_EXISTS/);
  });

  it("holds nothing against one that failed first and succeeded then", async () => {
    let calls = 0;
    await using app = await testApp(pier, {
      replace: {
        ledger: {
          put: () => {
            calls++;
            if (calls === 1) throw new RpcError(Code.UNAVAILABLE, "not yet");
            return { index: calls };
          },
        },
      },
    });

    expect(await app.client("desk").put({})).toMatchObject({ index: 2 });
    expect(app.report).toEqual([]);
  });

  it("says nothing of what a fake answers, for that is the test's own", async () => {
    let calls = 0;
    await using app = await testApp(pier, {
      replace: { ledger: { put: () => ({ index: ++calls }) } },
      faults: [{ to: "ledger", ...twice }],
    });
    await app.client("desk").put({});

    expect(calls).toBe(2);
    expect(app.report).toEqual([]);
  });

  it("takes calls that a handler makes twice by itself for two calls", async () => {
    await using app = await testApp(pier);
    await app.client("desk").read({ text: "tar" });
    await app.client("desk").read({ text: "tar" });

    expect(app.callsTo("ledger")).toHaveLength(2);
    expect(app.report).toEqual([]);
  });

  it("counts no call that a middleware refused before its handler", async () => {
    const locked = defineService({
      name: "locked",
      contract: EchoServiceDefinition,
      middleware: [() => () => Promise.reject(new RpcError(Code.UNAUTHENTICATED, "no key"))],
      setup: () => echo(),
    });
    await using app = await testApp(defineApp({ services: [locked] }), { faults: [twice] });

    expect(await failure(app.client("locked").unary({}))).toMatchObject({ code: Code.UNAUTHENTICATED });
    expect(app.report).toEqual([]);
  });
});
