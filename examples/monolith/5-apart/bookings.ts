import { defineService } from "hawser";
import { Code, RpcError } from "hawser/errors";
import { sleep } from "hawser/time";
import { books } from "./books.js";
import { AccountsServiceDefinition } from "./gen/house/accounts/v1/accounts.js";
import { BillingServiceDefinition } from "./gen/house/billing/v1/billing.js";
import { type Booking, BookingsServiceDefinition, type BookRequest } from "./gen/house/bookings/v1/bookings.js";
import { RoomsServiceDefinition } from "./gen/house/rooms/v1/rooms.js";
import type { Module } from "./module.js";
import { required } from "./required.js";
import { type BookingRow, Settlement } from "./settlement.js";
import { Table } from "./table.js";

type Slot = Pick<Booking, "room" | "day" | "hour">;

export interface BookingsNeeds {
  readonly rooms: Pick<Module<RoomsServiceDefinition>, "getRoom">;
  readonly settlement: Settlement;
}

export function createBookings(
  bookings: Table<BookingRow>,
  { rooms, settlement }: BookingsNeeds,
): Module<BookingsServiceDefinition> {
  function known(id: string): BookingRow {
    const booking = bookings.get(id);
    if (booking === undefined) throw new RpcError(Code.NOT_FOUND, `no booking "${id}"`);
    return booking;
  }

  function isTaken(order: BookRequest): boolean {
    return bookings.all().some((each) => !each.cancelled && isSameHour(each, order));
  }

  return {
    async book(order) {
      const { account, room, day, hour } = order;
      const id = required("id", order.id);
      const { name, hourCents } = await rooms.getRoom({ id: room });
      // No await between the question and the answer: nobody else can come in between.
      const found = bookings.get(id);
      if (found !== undefined && !(found.account === account && isSameHour(found, order))) {
        throw new RpcError(Code.ALREADY_EXISTS, `booking "${id}" is another one`);
      }
      if (found === undefined && isTaken(order)) {
        throw new RpcError(Code.ALREADY_EXISTS, `${name} is taken on ${day} at ${hour}:00`);
      }
      const held = { id, account, room, day, hour, priceCents: hourCents, unsettled: true };
      const booking = found ?? bookings.put(held);
      await settlement.settle(booking);
      return { id, priceCents: booking.priceCents };
    },

    async cancel({ id }) {
      await settlement.settle(known(id));
      const booking = known(id);
      await settlement.settle(
        booking.cancelled ? booking : bookings.put({ ...booking, cancelled: true, unsettled: true }),
      );
      return {};
    },

    async listBookings({ day }) {
      return { bookings: bookings.all().filter((booking) => !booking.cancelled && booking.day === day) };
    },
  };
}

function isSameHour(some: Slot, other: Slot): boolean {
  return some.room === other.room && some.day === other.day && some.hour === other.hour;
}

export const bookings = defineService({
  name: "bookings",
  contract: BookingsServiceDefinition,
  needs: {
    accounts: AccountsServiceDefinition,
    billing: BillingServiceDefinition,
    rooms: RoomsServiceDefinition,
  },
  config: books,
  setup: ({ config, needs, use, background, clock, log }) => {
    const table = use(new Table<BookingRow>(config.folder, "bookings"));
    const settlement = new Settlement(table, needs);
    background("settle", async (signal) => {
      while (!signal.aborted) {
        await settlement.settleAll(({ id }, err) => log.warn({ err, booking: id }, "not settled yet"));
        await sleep(clock, 5000, signal);
      }
    });
    return createBookings(table, { rooms: needs.rooms, settlement });
  },
});
