import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, RpcError } from "hawser/errors";
import { testApp } from "hawser/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import house from "../../../examples/monolith/5-apart/app.js";
import { createBookings } from "../../../examples/monolith/5-apart/bookings.js";
import { type BookingRow, Settlement } from "../../../examples/monolith/5-apart/settlement.js";
import { Table } from "../../../examples/monolith/5-apart/table.js";

let folder: string;
let table: Table<BookingRow>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hawser-house-"));
  table = new Table(folder, "bookings");
});
afterEach(async () => {
  table[Symbol.dispose]();
  await rm(folder, { recursive: true });
});

const order = { account: "ada", room: "blue", day: "2026-05-04", hour: 10, id: "monday" };

/** Bookings, and nothing else of the house: what it needs is made up, and answers to charges are given here. */
function bookingsAlone(...answers: (Code | "yes")[]) {
  const moved: string[] = [];
  const settlement = new Settlement(table, {
    accounts: {
      charge: async ({ movementId }) => {
        const answer = answers.shift() ?? "yes";
        if (answer !== "yes") throw new RpcError(answer, "made up");
        moved.push(`charge ${movementId}`);
        return {};
      },
      refund: async ({ movementId }) => {
        moved.push(`refund ${movementId}`);
        return {};
      },
    },
    billing: { record: async () => ({}) },
  });
  const rooms = { getRoom: async () => ({ name: "Blue room", hourCents: 2400 }) };
  return { moved, settlement, bookings: createBookings(table, { rooms, settlement }) };
}

const code = (call: Promise<unknown>): Promise<Code> =>
  call.then(
    () => Code.OK,
    (error) => RpcError.from(error).code,
  );

describe("bookings, alone", () => {
  it.each([Code.FAILED_PRECONDITION, Code.NOT_FOUND])("frees the room after a clear no (%i)", async (no) => {
    const { bookings } = bookingsAlone(no);

    expect(await code(bookings.book(order))).toBe(no);
    expect(table.all()).toEqual([]);
    expect(await code(bookings.book({ ...order, id: "other", account: "bob" }))).toBe(Code.OK);
  });

  it.each([Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.UNKNOWN])(
    "keeps the room where nobody knows what was done (%i), and goes on when asked again",
    async (unclear) => {
      const { bookings, moved } = bookingsAlone(unclear);

      expect(await code(bookings.book(order))).toBe(unclear);
      expect(await code(bookings.book({ ...order, id: "other", account: "bob" }))).toBe(Code.ALREADY_EXISTS);
      expect(await bookings.book(order)).toEqual({ id: "monday", priceCents: 2400 });
      expect(moved).toEqual(["charge monday"]);
    },
  );

  it("goes on by itself with what it finds half done, and says what it could not", async () => {
    const { bookings, settlement, moved } = bookingsAlone(Code.UNAVAILABLE, Code.UNAVAILABLE);
    await code(bookings.book(order));
    const failed: string[] = [];

    await settlement.settleAll(({ id }) => failed.push(id));
    await settlement.settleAll(({ id }) => failed.push(id));
    await settlement.settleAll(({ id }) => failed.push(id));
    expect(failed).toEqual(["monday"]);
    expect(moved).toEqual(["charge monday"]);
  });

  it("cancels what is still being paid only when it is paid", async () => {
    const { bookings, moved } = bookingsAlone(Code.UNAVAILABLE);
    await code(bookings.book(order));

    await bookings.cancel({ id: "monday" });
    expect(moved).toEqual(["charge monday", "refund monday-cancelled"]);
    expect(await bookings.listBookings({ day: order.day })).toEqual({ bookings: [] });
  });

  it("leaves a booking cancelled that was cancelled while somebody else settled it", async () => {
    const { bookings, settlement } = bookingsAlone();
    const held = table.put({ ...order, priceCents: 2400, unsettled: true });

    await Promise.all([settlement.settle(held), settlement.settle(held), bookings.cancel({ id: "monday" })]);
    expect(table.get("monday")).toMatchObject({ cancelled: true, unsettled: false });
  });

  it("refuses a booking without a key", async () => {
    expect(await code(bookingsAlone().bookings.book({ ...order, id: "" }))).toBe(Code.INVALID_ARGUMENT);
  });

  it("asks again where an answer is lost", async () => {
    await using app = await testApp(house, {
      only: ["bookings"],
      replace: {
        rooms: { getRoom: () => ({ name: "Blue room", hourCents: 2400 }) },
        accounts: { charge: () => ({}) },
        billing: { record: () => ({}) },
      },
      config: { shared: { folder } },
      faults: [{ to: "accounts", method: "charge", drop: "response", error: Code.UNAVAILABLE, times: 1 }],
    });

    expect(await app.client("bookings").book(order)).toEqual({ id: "monday", priceCents: 2400 });
    const charge = { account: "ada", cents: 2400, movementId: "monday" };
    expect(app.callsTo("accounts", "charge").map(({ request }) => request)).toEqual([charge, charge]);
  });
});
