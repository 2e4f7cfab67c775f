import { type Account, AccountExists, type Accounts, NotEnoughCredit, UnknownAccount } from "./house.js";
import type { Table } from "./table.js";

export function createAccounts(accounts: Table<Account>): Accounts {
  function known(id: string): Account {
    const account = accounts.get(id);
    if (account === undefined) throw new UnknownAccount(`no account "${id}"`);
    return account;
  }

  return {
    async open(account) {
      if (accounts.get(account.id) !== undefined) throw new AccountExists(`account "${account.id}" exists`);
      return accounts.put(account);
    },

    async find(id) {
      return known(id);
    },

    async charge(id, cents) {
      const account = known(id);
      if (account.creditCents < cents) throw new NotEnoughCredit(cents - account.creditCents);
      accounts.put({ ...account, creditCents: account.creditCents - cents });
    },

    async refund(id, cents) {
      const account = known(id);
      accounts.put({ ...account, creditCents: account.creditCents + cents });
    },
  };
}
