import { defineService } from "hawser";
import { books } from "./books.js";
import { AccountsServiceDefinition } from "./gen/house/accounts/v1/accounts.js";
import { BillingServiceDefinition, type RecordRequest, type Statement } from "./gen/house/billing/v1/billing.js";
import { RoomsServiceDefinition } from "./gen/house/rooms/v1/rooms.js";
import type { Module } from "./module.js";
import { Table } from "./table.js";

export interface BillingNeeds {
  readonly accounts: Pick<Module<AccountsServiceDefinition>, "batchGetAccounts">;
  readonly rooms: Pick<Module<RoomsServiceDefinition>, "listRooms">;
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
      const entries = ledger.all().filter(({ day }) => day.startsWith(`${month}-`));
      const ids = [...new Set(entries.map(({ account }) => account))];
      const [known, catalog] = await Promise.all([accounts.batchGetAccounts({ ids }), rooms.listRooms({})]);
      const accountNames = new Map(known.accounts.map(({ id, name }) => [id, name]));
      const roomNames = new Map(catalog.rooms.map(({ id, name }) => [id, name]));
      const statements = new Map<string, Statement>();
      for (const { account, room, day, hour, cents } of entries) {
        const name = accountNames.get(account) ?? account;
        const line = { room: roomNames.get(room) ?? room, day, hour, cents };
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
