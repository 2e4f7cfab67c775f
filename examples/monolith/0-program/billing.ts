import { findAccount } from "./accounts.js";
import { type Booking, onBooked, onCancelled } from "./bookings.js";
import { dataFolder } from "./data-folder.js";
import { findRoom } from "./rooms.js";
import { Table } from "./table.js";

/** What was booked or given back. */
interface Entry {
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

const ledger = new Table<Entry>(dataFolder, "ledger");

onBooked((booking) => enter(booking, booking.id, booking.priceCents));
onCancelled((booking) => enter(booking, `${booking.id}-cancelled`, -booking.priceCents));

function enter({ account, room, day, hour }: Booking, id: string, cents: number): void {
  ledger.put({ id, account, room, day, hour, cents });
}

/** What everybody has used in a month, `2026-05`. */
export function statements(month: string): readonly Statement[] {
  const statements = new Map<string, Statement>();
  for (const { account, room, day, hour, cents } of ledger.all()) {
    if (!day.startsWith(`${month}-`)) continue;
    const { name } = findAccount(account);
    const line = { room: findRoom(room).name, day, hour, cents };
    const { totalCents, lines } = statements.get(account) ?? { totalCents: 0, lines: [] };
    statements.set(account, { account, name, totalCents: totalCents + cents, lines: [...lines, line] });
  }
  return [...statements.values()];
}
