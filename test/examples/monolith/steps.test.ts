import { afterAll, beforeAll, describe, expect } from "vitest";
import { behaviour } from "./behaviour.js";
import { hawser, main, type OpenHouse, openHouse, type Start, twoMachines } from "./open-house.js";

const houses: readonly (readonly [string, Start])[] = [
  ["as an ordinary program", main("0-program")],
  ["with seams", main("1-seams")],
  ["with contracts", main("2-contracts")],
  ["with one service", main("3-first-service")],
  ["of services, in one process", hawser("run", "4-services")],
  ["fit to be apart, in one process", hawser("run", "5-apart")],
  ["with a process for each service", hawser("up", "5-apart")],
  ["on two machines", twoMachines("5-apart")],
];

describe.each(houses)("the house %s", (_, start) => {
  let house: OpenHouse | undefined;
  beforeAll(async () => {
    house = await openHouse(start);
  });
  afterAll(async () => {
    await using opened = house;
    if (opened !== undefined) expect(new Set(await opened.stop())).toEqual(new Set([0]));
  });

  behaviour(() => house!.http);
});
