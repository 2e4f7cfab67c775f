import {
  type Accounts,
  type Billing,
  type Booking,
  type Bookings,
  type Order,
  type Rooms,
  RoomTaken,
  UnknownBooking,
} from "./house.js";
import type { Table } from "./table.js";

export interface BookingsNeeds {
  readonly accounts: Pick<Accounts, "charge" | "refund">;
  readonly billing: Pick<Billing, "record">;
  readonly rooms: Pick<Rooms, "find">;
}

export function createBookings(bookings: Table<Booking>, { accounts, billing, rooms }: BookingsNeeds): Bookings {
  function isTaken({ room, day, hour }: Order): boolean {
    return bookings.all().some((each) => each.room === room && each.day === day && each.hour === hour);
  }

  return {
    async book(order) {
      const { account, room, day, hour } = order;
      const { name, hourCents } = await rooms.find(room);
      // No await between the question and the answer: nobody else can come in between.
      if (isTaken(order)) throw new RoomTaken(`${name} is taken on ${day} at ${hour}:00`);
      const booking = bookings.put({ id: crypto.randomUUID(), account, room, day, hour, priceCents: hourCents });
      try {
        await accounts.charge(account, hourCents);
      } catch (error) {
        bookings.delete(booking.id);
        throw error;
      }
      await billing.record({ id: booking.id, account, room, day, hour, cents: hourCents });
      return booking;
    },

    async cancel(id) {
      const booking = bookings.get(id);
      if (booking === undefined) throw new UnknownBooking(`no booking "${id}"`);
      bookings.delete(id);
      const { account, room, day, hour, priceCents } = booking;
      await accounts.refund(account, priceCents);
      await billing.record({ id: `${id}-cancelled`, account, room, day, hour, cents: -priceCents });
    },

    async list(day) {
      return bookings.all().filter((booking) => booking.day === day);
    },
  };
}
