export interface Room {
  readonly id: string;
  readonly name: string;
  readonly hourCents: number;
}

/** Somebody who books, and what he has paid in. */
export interface Account {
  readonly id: string;
  readonly name: string;
  readonly creditCents: number;
}

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

/** What was booked or given back. */
export interface Entry {
  readonly id: string;
  readonly account: string;
  readonly room: string;
  readonly day: string;
  readonly hour: number;
  readonly cents: number;
}

export interface Statement {
  readonly account: string;
  readonly name: string;
  readonly totalCents: number;
  readonly lines: readonly StatementLine[];
}

export interface StatementLine {
  readonly room: string;
  readonly day: string;
  readonly hour: number;
  readonly cents: number;
}

export interface Rooms {
  list(): Promise<readonly Room[]>;
  find(id: string): Promise<Room>;
}

export interface Accounts {
  open(account: Account): Promise<Account>;
  find(id: string): Promise<Account>;
  charge(id: string, cents: number): Promise<void>;
  refund(id: string, cents: number): Promise<void>;
}

export interface Bookings {
  book(order: Order): Promise<Booking>;
  cancel(id: string): Promise<void>;
  list(day: string): Promise<readonly Booking[]>;
}

export interface Billing {
  record(entry: Entry): Promise<void>;
  /** What everybody has used in a month, `2026-05`. */
  statements(month: string): Promise<readonly Statement[]>;
}

export class UnknownRoom extends Error {}
export class UnknownAccount extends Error {}
export class UnknownBooking extends Error {}
export class AccountExists extends Error {}
export class RoomTaken extends Error {}

export class NotEnoughCredit extends Error {
  readonly missingCents: number;

  constructor(missingCents: number) {
    super("not enough credit");
    this.missingCents = missingCents;
  }
}
