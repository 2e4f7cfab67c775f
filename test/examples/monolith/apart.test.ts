import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, Code } from "hawser";
import { type Fault, type TestApp, testApp } from "hawser/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import services from "../../../examples/monolith/4-services/app.js";
import apart from "../../../examples/monolith/5-apart/app.js";
import type { BookingRow } from "../../../examples/monolith/5-apart/settlement.js";
import { Table } from "../../../examples/monolith/5-apart/table.js";
import { eventually } from "../../support/eventually.js";
import { HouseClient } from "./house-client.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hawser-house-"));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const order = { account: "ada", room: "blue", day: "2026-05-04", hour: 10 };
const underKey = { "idempotency-key": "monday" };

/** Accounts does its work, and bookings never hears of it. */
const lostAnswer = { to: "accounts", method: "charge", drop: "response", error: Code.UNAVAILABLE, times: 1 } as const;

interface OpenHouse extends AsyncDisposable {
  readonly http: HouseClient;
  readonly app: TestApp;
}

async function open(app: App, ...faults: readonly Fault[]): Promise<OpenHouse> {
  const opened = await testApp(app, { config: { shared: { folder }, front: { port: 0 } }, faults });
  const endpoints = opened.running.instances.flatMap((instance) => instance.endpoints);
  const http = new HouseClient(endpoints.find((each) => each.startsWith("http:")) as string);
  return { http, app: opened, [Symbol.asyncDispose]: () => opened.close() };
}

const openAccount = (http: HouseClient) => http.post("/accounts", { id: "ada", name: "Ada", creditCents: 10_000 });
const credit = async (http: HouseClient) => (await http.get("/accounts/ada")).body.creditCents;
const booked = async (http: HouseClient) => (await http.get(`/bookings?day=${order.day}`)).body;

/** Every method once at least. */
async function useAll(http: HouseClient): Promise<void> {
  await http.get("/rooms");
  await openAccount(http);
  await http.post("/bookings", order);
  const { body } = await http.post("/bookings", { ...order, hour: 11 });
  await http.delete(`/bookings/${body.id}`);
  await booked(http);
  await http.get("/statements/2026-05");
}

/** Whom billing has asked. */
const asked = ({ app }: OpenHouse) => app.calls.filter(({ from }) => from === "billing").map(({ to }) => to);

describe("the house fit to be apart", () => {
  it("books once, however often it is asked under one key", async () => {
    await using house = await open(apart);
    await openAccount(house.http);

    const first = await house.http.post("/bookings", order, underKey);
    expect(first).toEqual({ status: 201, body: { ...order, id: "monday", priceCents: 2400 } });
    expect(await house.http.post("/bookings", order, underKey)).toEqual(first);
    expect(await booked(house.http)).toHaveLength(1);
    expect(await credit(house.http)).toBe(7600);
  });

  it("refuses a key that stands for another booking", async () => {
    await using house = await open(apart);
    await openAccount(house.http);
    await house.http.post("/bookings", order, underKey);

    expect(await house.http.post("/bookings", { ...order, hour: 11 }, underKey)).toEqual({
      status: 409,
      body: { error: 'booking "monday" is another one' },
    });
  });

  it("gives a price back once, however often a booking is cancelled", async () => {
    await using house = await open(apart);
    await openAccount(house.http);
    await house.http.post("/bookings", order, underKey);

    for (let times = 0; times < 2; times++) expect((await house.http.delete("/bookings/monday")).status).toBe(204);
    expect(await credit(house.http)).toBe(10_000);
  });

  it("takes a price once though the answer to the charge was lost", async () => {
    await using house = await open(apart, lostAnswer);
    await openAccount(house.http);

    expect((await house.http.post("/bookings", order)).status).toBe(201);
    expect(house.app.calls.filter(({ method }) => method === "charge")).toHaveLength(2);
    expect(await credit(house.http)).toBe(7600);
    expect(await booked(house.http)).toHaveLength(1);
  });

  it("goes on with what a crash has left half done", async () => {
    await using first = await open(apart);
    await openAccount(first.http);
    await first[Symbol.asyncDispose]();
    const table = new Table<BookingRow>(folder, "bookings");
    table.put({ ...order, id: "monday", priceCents: 2400, unsettled: true });
    table[Symbol.dispose]();

    await using house = await open(apart);
    await eventually(async () => expect((await house.http.get("/statements/2026-05")).body).toHaveLength(1));
    expect(await credit(house.http)).toBe(7600);
  });

  it("goes on with the books of the step before", async () => {
    await using before = await open(services);
    await openAccount(before.http);
    const { body } = await before.http.post("/bookings", order);
    await before[Symbol.asyncDispose]();

    await using house = await open(apart);
    expect(await booked(house.http)).toEqual([body]);
    expect((await house.http.delete(`/bookings/${body.id}`)).status).toBe(204);
    expect(await credit(house.http)).toBe(10_000);
  });

  it("comes to the same where every call is delivered twice", async () => {
    await using house = await open(apart, { duplicate: true });
    await useAll(house.http);

    expect(house.app.report).toEqual([]);
    expect(await credit(house.http)).toBe(7600);
  });

  it("asks two questions for a statement, whatever is on it", async () => {
    await using house = await open(apart);
    await openAccount(house.http);
    for (const hour of [9, 10, 11]) await house.http.post("/bookings", { ...order, hour });

    expect((await house.http.get("/statements/2026-05")).body[0].lines).toHaveLength(3);
    expect(asked(house).sort()).toEqual(["accounts", "rooms"]);
  });
});

describe("the house before that", () => {
  it("takes money for nothing where the answer to the charge is lost", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    await using house = await open(services, lostAnswer);
    await openAccount(house.http);

    expect((await house.http.post("/bookings", order)).status).toBe(500);
    expect(await credit(house.http)).toBe(7600);
    expect(await booked(house.http)).toEqual([]);
  });

  it("is told what must not be delivered twice", async () => {
    await using house = await open(services, { duplicate: true });
    await useAll(house.http);

    const methods = house.app.report.map(({ kind, service, method }) => `${kind}: ${service}.${method}`);
    expect(methods.sort()).toEqual([
      "undeclared: accounts.charge",
      "undeclared: accounts.openAccount",
      "undeclared: accounts.refund",
      "undeclared: bookings.book",
      "undeclared: bookings.cancel",
    ]);
  });

  it("asks two questions for each line of a statement", async () => {
    await using house = await open(services);
    await openAccount(house.http);
    for (const hour of [9, 10, 11]) await house.http.post("/bookings", { ...order, hour });

    await house.http.get("/statements/2026-05");
    expect(asked(house)).toHaveLength(6);
  });
});
