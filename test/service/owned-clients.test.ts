import { expect, it } from "vitest";
import { silentLogger } from "../../src/contract/contract.js";
import { OwnedClients } from "../../src/service/owned-clients.js";
import { StopTime } from "../../src/service/stop-time.js";
import { systemClock } from "../../src/time/time.js";

const stop = (): StopTime => new StopTime({ clock: systemClock, graceMs: 0, teardownMs: 0 });

function client(closed: string[], name: string) {
  const close = async (): Promise<void> => void closed.push(name);
  return { close, [Symbol.asyncDispose]: close };
}

it("a client that was closed is forgotten, and not closed again", async () => {
  const clients = new OwnedClients();
  const closed: string[] = [];
  const first = clients.keep("stock", client(closed, "first"));
  clients.keep("stock", client(closed, "second"));
  {
    await using third = clients.keep("stock", client(closed, "third"));
    expect(third).toBeDefined();
  }
  await first.close();
  expect(clients.size).toBe(1);
  await clients.close(stop(), silentLogger);
  expect(closed).toEqual(["third", "first", "second"]);
  expect(clients.size).toBe(0);
});

it("a method of the contract that is called close stays what it is", async () => {
  const clients = new OwnedClients();
  const closed: string[] = [];
  const account = { ...client(closed, "client"), close: async () => "the account is closed" };
  expect(await clients.keep("accounts", account).close()).toBe("the account is closed");
  expect(clients.size).toBe(1);
  await clients.close(stop(), silentLogger);
  expect(closed).toEqual(["client"]);
});
