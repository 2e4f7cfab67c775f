import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBookings as withSeams } from "../../../examples/monolith/1-seams/bookings.js";
import type { Booking } from "../../../examples/monolith/1-seams/house.js";
import { Table as SeamsTable } from "../../../examples/monolith/1-seams/table.js";
import { createBookings as withContracts } from "../../../examples/monolith/2-contracts/bookings.js";
import { Table as ContractsTable } from "../../../examples/monolith/2-contracts/table.js";
import { createBookings as apart } from "../../../examples/monolith/5-apart/bookings.js";
import { type BookingRow, Settlement } from "../../../examples/monolith/5-apart/settlement.js";
import { Table as ApartTable } from "../../../examples/monolith/5-apart/table.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hawser-house-"));
});
afterEach(() => rm(folder, { recursive: true }));

const blue = { id: "blue", name: "Blue room", hourCents: 2400 };
/** Answers when everybody else has had a turn, as whoever is elsewhere does. */
const slowly = async () => {
  await setImmediate();
  return {};
};
const accounts = { charge: slowly, refund: slowly };
const billing = { record: slowly };
const rooms = { getRoom: async () => blue };

const steps = {
  "1-seams": (folder: string) => {
    const table = new SeamsTable<Booking>(folder, "bookings");
    const needs = {
      accounts: { charge: async () => void (await slowly()), refund: async () => void (await slowly()) },
      billing: { record: async () => void (await slowly()) },
      rooms: { find: async () => blue },
    };
    return { table, bookings: withSeams(table, needs) };
  },
  "2-contracts": (folder: string) => {
    const table = new ContractsTable<Booking>(folder, "bookings");
    return { table, bookings: withContracts(table, { accounts, billing, rooms }) };
  },
  "5-apart": (folder: string) => {
    const table = new ApartTable<BookingRow>(folder, "bookings");
    return { table, bookings: apart(table, { rooms, settlement: new Settlement(table, { accounts, billing }) }) };
  },
};

describe("bookings, where a charge takes its time", () => {
  it.each(Object.entries(steps))("give a room once, %s", async (_, make) => {
    const { table, bookings } = make(folder);
    using _table = table;
    const order = { room: "blue", day: "2026-05-04", hour: 10 };

    const outcomes = await Promise.allSettled(
      ["ada", "bob"].map((account) => bookings.book({ ...order, account, id: account })),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(table.all()).toHaveLength(1);
  });
});
