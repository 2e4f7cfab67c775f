import { defineService } from "hawser";
import { AccountsServiceDefinition } from "../gen/house/accounts/v1/accounts.js";
import { BillingServiceDefinition, type RecordRequest, type Statement } from "../gen/house/billing/v1/billing.js";
import { RoomsServiceDefinition } from "../gen/house/rooms/v1/rooms.js";
import { books } from "./books.js";
import type { Module } from "./module.js";
import { Table } from "./table.js";

export interface BillingNeeds {
  readonly accounts: Pick<Module<AccountsServiceDefinition>, "getAccount">;
  readonly rooms: Pick<Module<RoomsServiceDefinition>, "getRoom">;
}

export function createBilling(
  ledger: Table<RecordRequest>,
  { accounts, rooms }: BillingNeeds,
): Module<BillingServiceDefinition> {
  return {
    async record(entry) {
      ledger.put(entry);
      return {};
    },

    async listStatements({ month }) {
      const statements = new Map<string, Statement>();
      for (const { account, room, day, hour, cents } of ledger.all()) {
        if (!day.startsWith(`${month}-`)) continue;
        const { name } = await accounts.getAccount({ id: account });
        const line = { room: (await rooms.getRoom({ id: room })).name, day, hour, cents };
        const { totalCents, lines } = statements.get(account) ?? { totalCents: 0, lines: [] };
        statements.set(account, { account, name, totalCents: totalCents + cents, lines: [...lines, line] });
      }
      return { statements: [...statements.values()] };
    },
  };
}

export const billing = defineService({
  name: "billing",
  contract: BillingServiceDefinition,
  needs: { accounts: AccountsServiceDefinition, rooms: RoomsServiceDefinition },
  config: books,
  setup: ({ config, needs, use }) => createBilling(use(new Table(config.folder, "ledger")), needs),
});
