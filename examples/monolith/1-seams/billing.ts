import type { Accounts, Billing, Entry, Rooms, Statement } from "./house.js";
import type { Table } from "./table.js";

export interface BillingNeeds {
  readonly accounts: Pick<Accounts, "find">;
  readonly rooms: Pick<Rooms, "find">;
}

export function createBilling(ledger: Table<Entry>, { accounts, rooms }: BillingNeeds): Billing {
  return {
    async record(entry) {
      ledger.put(entry);
    },

    async statements(month) {
      const statements = new Map<string, Statement>();
      for (const { account, room, day, hour, cents } of ledger.all()) {
        if (!day.startsWith(`${month}-`)) continue;
        const { name } = await accounts.find(account);
        const line = { room: (await rooms.find(room)).name, day, hour, cents };
        const { totalCents, lines } = statements.get(account) ?? { totalCents: 0, lines: [] };
        statements.set(account, { account, name, totalCents: totalCents + cents, lines: [...lines, line] });
      }
      return [...statements.values()];
    },
  };
}
