import { dataFolder } from "./data-folder.js";
import { Table } from "./table.js";

/** Somebody who books, and what he has paid in. */
export interface Account {
  readonly id: string;
  readonly name: string;
  creditCents: number;
}

const accounts = new Table<Account>(dataFolder, "accounts");

export class UnknownAccount extends Error {}
export class AccountExists extends Error {}

export class NotEnoughCredit extends Error {
  readonly missingCents: number;

  constructor(missingCents: number) {
    super("not enough credit");
    this.missingCents = missingCents;
  }
}

export function openAccount(account: Account): Account {
  if (accounts.get(account.id) !== undefined) throw new AccountExists(`account "${account.id}" exists`);
  return accounts.put(account);
}

export function findAccount(id: string): Account {
  const account = accounts.get(id);
  if (account === undefined) throw new UnknownAccount(`no account "${id}"`);
  return account;
}

export function charge(account: Account, cents: number): void {
  if (account.creditCents < cents) throw new NotEnoughCredit(cents - account.creditCents);
  account.creditCents -= cents;
  accounts.put(account);
}

export function refund(account: Account, cents: number): void {
  account.creditCents += cents;
  accounts.put(account);
}
