import { defineService } from "hawser";
import { Code, detail, ErrorInfo, RpcError } from "hawser/errors";
import { books } from "./books.js";
import { AccountsServiceDefinition } from "./gen/house/accounts/v1/accounts.js";
import type { Module } from "./module.js";
import { required } from "./required.js";
import { Table } from "./table.js";

/** Somebody who books, and what he has paid in. */
export interface AccountRow {
  readonly id: string;
  readonly name: string;
  readonly creditCents: number;
}

/** Money that was taken, or given back. Its line in the file does both: it moves the money, and says that it was moved. */
export interface Movement {
  readonly id: string;
  readonly account: string;
  /** Below 0 where it was taken. */
  readonly cents: number;
}

export function createAccounts(
  accounts: Table<AccountRow>,
  movements: Table<Movement>,
): Module<AccountsServiceDefinition> {
  function known(id: string): AccountRow {
    const account = accounts.get(id);
    if (account === undefined) throw new RpcError(Code.NOT_FOUND, `no account "${id}"`);
    return account;
  }

  function creditOf({ id, creditCents }: AccountRow): number {
    return movements.all().reduce((sum, { account, cents }) => (account === id ? sum + cents : sum), creditCents);
  }

  return {
    async openAccount({ id, name, creditCents }) {
      const found = accounts.get(id);
      if (found === undefined) accounts.put({ id, name, creditCents });
      else if (found.name !== name || found.creditCents !== creditCents) {
        throw new RpcError(Code.ALREADY_EXISTS, `account "${id}" exists`);
      }
      return {};
    },

    async getAccount({ id }) {
      const account = known(id);
      return { name: account.name, creditCents: creditOf(account) };
    },

    async batchGetAccounts({ ids }) {
      const found = ids.map((id) => accounts.get(id)).filter((account) => account !== undefined);
      return { accounts: found.map((account) => ({ ...account, creditCents: creditOf(account) })) };
    },

    async charge({ account, cents, movementId }) {
      const id = required("movement_id", movementId);
      const credit = creditOf(known(account));
      if (movements.get(id) !== undefined) return {};
      if (credit < cents) throw notEnoughCredit(cents - credit);
      movements.put({ id, account, cents: -cents });
      return {};
    },

    async refund({ account, cents, movementId }) {
      const id = required("movement_id", movementId);
      known(account);
      if (movements.get(id) === undefined) movements.put({ id, account, cents });
      return {};
    },
  };
}

function notEnoughCredit(missingCents: number): RpcError {
  return new RpcError(Code.FAILED_PRECONDITION, "not enough credit", {
    details: [
      detail(ErrorInfo, {
        reason: "NOT_ENOUGH_CREDIT",
        domain: "accounts.house",
        metadata: { missing_cents: `${missingCents}` },
      }),
    ],
  });
}

export const accounts = defineService({
  name: "accounts",
  contract: AccountsServiceDefinition,
  config: books,
  setup: ({ config, use }) =>
    createAccounts(use(new Table(config.folder, "accounts")), use(new Table(config.folder, "movements"))),
});
