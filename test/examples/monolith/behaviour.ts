import { expect, it } from "vitest";
import type { HouseClient } from "./house-client.js";

/** What the house does, whatever it is made of. Each test has accounts and days of its own: one house serves them all. */
export function behaviour(open: () => HouseClient): void {
  async function account(id: string, creditCents: number): Promise<() => Promise<number>> {
    expect(await open().post("/accounts", { id, name: id.toUpperCase(), creditCents })).toMatchObject({ status: 201 });
    return async () => (await open().get(`/accounts/${id}`)).body.creditCents;
  }

  it("lists its rooms", async () => {
    expect(await open().get("/rooms")).toEqual({
      status: 200,
      body: [
        { id: "blue", name: "Blue room", hourCents: 2400 },
        { id: "green", name: "Green room", hourCents: 3600 },
        { id: "hall", name: "The hall", hourCents: 12_000 },
      ],
    });
  });

  it("opens an account once", async () => {
    const ada = { id: "ada", name: "Ada", creditCents: 0 };
    expect(await open().post("/accounts", ada)).toEqual({ status: 201, body: ada });
    expect(await open().get("/accounts/ada")).toEqual({ status: 200, body: ada });
    expect(await open().post("/accounts", { ...ada, name: "Another Ada" })).toEqual({
      status: 409,
      body: { error: 'account "ada" exists' },
    });
  });

  it("books a room, and takes its price", async () => {
    const credit = await account("bea", 5000);
    const order = { account: "bea", room: "blue", day: "2026-01-05", hour: 10 };

    const { status, body } = await open().post("/bookings", order);
    expect({ status, body }).toEqual({ status: 201, body: { ...order, id: expect.any(String), priceCents: 2400 } });
    expect(await open().get("/bookings?day=2026-01-05")).toEqual({ status: 200, body: [body] });
    expect(await credit()).toBe(2600);
  });

  it("gives a room once, and takes nothing from who comes too late", async () => {
    const credits = [await account("carl", 5000), await account("cleo", 5000)];
    const order = { room: "blue", day: "2026-01-06", hour: 10 };

    const answers = await Promise.all(
      ["carl", "cleo"].map((id) => open().post("/bookings", { ...order, account: id })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(answers.find(({ status }) => status === 409)?.body).toEqual({
      error: "Blue room is taken on 2026-01-06 at 10:00",
    });
    expect((await Promise.all(credits.map((credit) => credit()))).sort()).toEqual([2600, 5000]);
  });

  it("says how much credit is missing, and keeps no room for who cannot pay", async () => {
    await account("dan", 2000);
    const order = { account: "dan", room: "green", day: "2026-01-07", hour: 8 };

    expect(await open().post("/bookings", order)).toEqual({
      status: 402,
      body: { error: "not enough credit", missingCents: 1600 },
    });
    expect(await open().get("/bookings?day=2026-01-07")).toEqual({ status: 200, body: [] });
  });

  it("gives the price of a cancelled booking back, and the room to others", async () => {
    const credit = await account("eve", 5000);
    const order = { account: "eve", room: "blue", day: "2026-01-08", hour: 9 };
    const { body } = await open().post("/bookings", order);

    expect(await open().delete(`/bookings/${body.id}`)).toEqual({ status: 204, body: undefined });
    expect(await credit()).toBe(5000);
    expect(await open().get("/bookings?day=2026-01-08")).toEqual({ status: 200, body: [] });
    expect((await open().post("/bookings", order)).status).toBe(201);
  });

  it("states by the month what everybody has used", async () => {
    await account("fay", 100_000);
    await account("gus", 100_000);
    const book = async (account: string, room: string, day: string) =>
      (await open().post("/bookings", { account, room, day, hour: 12 })).body.id;
    await book("fay", "blue", "2026-03-02");
    await book("gus", "hall", "2026-03-02");
    await book("fay", "green", "2026-04-01");
    await open().delete(`/bookings/${await book("fay", "green", "2026-03-31")}`);

    expect(await open().get("/statements/2026-03")).toEqual({
      status: 200,
      body: [
        {
          account: "fay",
          name: "FAY",
          totalCents: 2400,
          lines: [
            { room: "Blue room", day: "2026-03-02", hour: 12, cents: 2400 },
            { room: "Green room", day: "2026-03-31", hour: 12, cents: 3600 },
            { room: "Green room", day: "2026-03-31", hour: 12, cents: -3600 },
          ],
        },
        {
          account: "gus",
          name: "GUS",
          totalCents: 12_000,
          lines: [{ room: "The hall", day: "2026-03-02", hour: 12, cents: 12_000 }],
        },
      ],
    });
    expect(await open().get("/statements/2026-02")).toEqual({ status: 200, body: [] });
  });

  it("says who or what it does not know", async () => {
    await account("hal", 5000);
    const order = { account: "hal", room: "blue", day: "2026-01-09", hour: 9 };
    expect(await open().get("/nowhere")).toEqual({ status: 404, body: { error: "no such page" } });
    expect(await open().get("/accounts/nobody")).toEqual({ status: 404, body: { error: 'no account "nobody"' } });
    expect(await open().delete("/bookings/none")).toEqual({ status: 404, body: { error: 'no booking "none"' } });
    expect(await open().post("/bookings", { ...order, room: "attic" })).toEqual({
      status: 404,
      body: { error: 'no room "attic"' },
    });
    expect(await open().post("/bookings", { ...order, account: "nobody" })).toEqual({
      status: 404,
      body: { error: 'no account "nobody"' },
    });
    expect(await open().get("/bookings?day=2026-01-09")).toEqual({ status: 200, body: [] });
  });

  it.each([
    ["no JSON object", "text", "the body is no JSON object"],
    ["no account", { account: "" }, 'account: ""'],
    ["no day", { day: "tomorrow" }, 'day: "tomorrow"'],
    ["an hour of the night", { hour: 20 }, "hour: a whole number from 8 to 19"],
    ["a text for an hour", { hour: "9" }, "hour: a whole number from 8 to 19"],
  ])("refuses %s", async (_, wrong, error) => {
    const order = { account: "ida", room: "blue", day: "2026-01-10", hour: 9 };
    const body = typeof wrong === "string" ? wrong : { ...order, ...wrong };
    expect(await open().post("/bookings", body)).toEqual({ status: 400, body: { error } });
  });
}
