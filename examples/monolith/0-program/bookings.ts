import { charge, findAccount, refund } from "./accounts.js";
import { dataFolder } from "./data-folder.js";
import { findRoom } from "./rooms.js";
import { Table } from "./table.js";

/** One room for one hour. */
export interface Booking {
  readonly id: string;
  readonly account: string;
  readonly room: string;
  readonly day: string;
  readonly hour: number;
  readonly priceCents: number;
}

export type Order = Pick<Booking, "account" | "room" | "day" | "hour">;
type Listener = (booking: Booking) => void;

const bookings = new Table<Booking>(dataFolder, "bookings");
const bookedListeners: Listener[] = [];
const cancelledListeners: Listener[] = [];

export class RoomTaken extends Error {}
export class UnknownBooking extends Error {}

export function onBooked(listener: Listener): void {
  bookedListeners.push(listener);
}

export function onCancelled(listener: Listener): void {
  cancelledListeners.push(listener);
}

export function book(order: Order): Booking {
  const { account, room, day, hour } = order;
  const { name, hourCents } = findRoom(room);
  const taken = bookings.all().some((each) => each.room === room && each.day === day && each.hour === hour);
  if (taken) throw new RoomTaken(`${name} is taken on ${day} at ${hour}:00`);
  charge(findAccount(account), hourCents);
  const booking = bookings.put({ id: crypto.randomUUID(), account, room, day, hour, priceCents: hourCents });
  for (const listener of bookedListeners) listener(booking);
  return booking;
}

export function cancel(id: string): void {
  const booking = bookings.get(id);
  if (booking === undefined) throw new UnknownBooking(`no booking "${id}"`);
  bookings.delete(id);
  refund(findAccount(booking.account), booking.priceCents);
  for (const listener of cancelledListeners) listener(booking);
}

export function bookingsOn(day: string): readonly Booking[] {
  return bookings.all().filter((booking) => booking.day === day);
}
