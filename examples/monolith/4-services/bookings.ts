import { defineService } from "hawser";
import { Code, RpcError } from "hawser/errors";
import { AccountsServiceDefinition } from "../gen/house/accounts/v1/accounts.js";
import { BillingServiceDefinition } from "../gen/house/billing/v1/billing.js";
import { type Booking, BookingsServiceDefinition, type BookRequest } from "../gen/house/bookings/v1/bookings.js";
import { RoomsServiceDefinition } from "../gen/house/rooms/v1/rooms.js";
import { books } from "./books.js";
import type { Module } from "./module.js";
import { Table } from "./table.js";

export interface BookingsNeeds {
  readonly accounts: Pick<Module<AccountsServiceDefinition>, "charge" | "refund">;
  readonly billing: Pick<Module<BillingServiceDefinition>, "record">;
  readonly rooms: Pick<Module<RoomsServiceDefinition>, "getRoom">;
}

export function createBookings(
  bookings: Table<Booking>,
  { accounts, billing, rooms }: BookingsNeeds,
): Module<BookingsServiceDefinition> {
  function isTaken({ room, day, hour }: BookRequest): boolean {
    return bookings.all().some((each) => each.room === room && each.day === day && each.hour === hour);
  }

  return {
    async book(order) {
      const { account, room, day, hour } = order;
      const { name, hourCents } = await rooms.getRoom({ id: room });
      // No await between the question and the answer: nobody else can come in between.
      if (isTaken(order)) throw new RpcError(Code.ALREADY_EXISTS, `${name} is taken on ${day} at ${hour}:00`);
      const booking = bookings.put({ id: crypto.randomUUID(), account, room, day, hour, priceCents: hourCents });
      try {
        await accounts.charge({ account, cents: hourCents });
      } catch (error) {
        bookings.delete(booking.id);
        throw error;
      }
      await billing.record({ id: booking.id, account, room, day, hour, cents: hourCents });
      return { id: booking.id, priceCents: hourCents };
    },

    async cancel({ id }) {
      const booking = bookings.get(id);
      if (booking === undefined) throw new RpcError(Code.NOT_FOUND, `no booking "${id}"`);
      bookings.delete(id);
      const { account, room, day, hour, priceCents } = booking;
      await accounts.refund({ account, cents: priceCents });
      await billing.record({ id: `${id}-cancelled`, account, room, day, hour, cents: -priceCents });
      return {};
    },

    async listBookings({ day }) {
      return { bookings: bookings.all().filter((booking) => booking.day === day) };
    },
  };
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
  setup: ({ config, needs, use }) => createBookings(use(new Table(config.folder, "bookings")), needs),
});
