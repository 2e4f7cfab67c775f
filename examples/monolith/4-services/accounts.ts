import { defineService } from "hawser";
import { Code, detail, ErrorInfo, RpcError } from "hawser/errors";
import { AccountsServiceDefinition } from "../gen/house/accounts/v1/accounts.js";
import { books } from "./books.js";
import type { Module } from "./module.js";
import { Table } from "./table.js";

/** Somebody who books, and what he has paid in. */
export interface Account {
  readonly id: string;
  readonly name: string;
  readonly creditCents: number;
}

export function createAccounts(accounts: Table<Account>): Module<AccountsServiceDefinition> {
  function known(id: string): Account {
    const account = accounts.get(id);
    if (account === undefined) throw new RpcError(Code.NOT_FOUND, `no account "${id}"`);
    return account;
  }

  return {
    async openAccount(account) {
      const { id } = account;
      if (accounts.get(id) !== undefined) throw new RpcError(Code.ALREADY_EXISTS, `account "${id}" exists`);
      accounts.put(account);
      return {};
    },

    async getAccount({ id }) {
      return known(id);
    },

    async charge({ account: id, cents }) {
      const account = known(id);
      if (account.creditCents < cents) throw notEnoughCredit(cents - account.creditCents);
      accounts.put({ ...account, creditCents: account.creditCents - cents });
      return {};
    },

    async refund({ account: id, cents }) {
      const account = known(id);
      accounts.put({ ...account, creditCents: account.creditCents + cents });
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
  setup: ({ config, use }) => createAccounts(use(new Table(config.folder, "accounts"))),
});
