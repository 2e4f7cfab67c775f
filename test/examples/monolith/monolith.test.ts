import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { Program } from "../program.js";
import { behaviour } from "./behaviour.js";
import { HouseClient } from "./house-client.js";

const steps = ["0-program", "1-seams", "2-contracts", "3-first-service"];

describe.each(steps)("the house, %s", (step) => {
  let folder: string;
  let program: Program;
  let house: HouseClient;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "hawser-house-"));
    program = new Program(`examples/monolith/${step}/main.ts`, [], { DATA: folder, PORT: "0" });
    const [, url = ""] = await program.says(/(http:\/\/[\d.:]+)/);
    house = new HouseClient(url);
  });
  afterAll(async () => {
    await program[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  behaviour(() => house);
});
