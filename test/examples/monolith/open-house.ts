import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Program } from "../program.js";
import { HouseClient } from "./house-client.js";

export interface OpenHouse extends AsyncDisposable {
  readonly http: HouseClient;
  /** The one that has the front. */
  readonly program: Program;
  /** Where the books are. */
  readonly folder: string;
  /** Stops it as an operator does; resolves with the exit codes. */
  stop(): Promise<readonly (number | null)[]>;
}

/** The house as it is started from a shell, with books of its own. */
export type Start = (folder: string) => Program | Promise<Program | readonly Program[]>;

const command = "dist/cli/hawser.js";

/** A step that is a program of its own: `node main.js`. */
export function main(step: string): Start {
  return (folder) => new Program(`examples/monolith/${step}/main.ts`, [], { DATA: folder, PORT: "0" });
}

/** A step that is an app, by a verb of `hawser`. */
export function hawser(verb: string, step: string, ...args: readonly string[]): Start {
  return (folder) => new Program(command, [verb, `examples/monolith/${step}`, ...args], settings(folder));
}

/** Two machines: one looks after the books, the other after the customers. */
export function twoMachines(step: string): Start {
  return async (folder) => {
    const registry = new Program(command, ["registry", "--address", "127.0.0.1:0"]);
    const [, url = ""] = await registry.says(/HAWSER_REGISTRY=(\S+)/);
    const machine = (...services: readonly string[]) =>
      new Program(command, ["start", `examples/monolith/${step}`, ...services], {
        ...settings(folder),
        HAWSER_REGISTRY: url,
      });
    return [registry, machine("accounts", "rooms"), machine("billing", "bookings", "front")];
  };
}

export async function openHouse(start: Start): Promise<OpenHouse> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-house-"));
  const programs = [await start(folder)].flat();
  const front = programs.at(-1) as Program;
  const close = async () => {
    for (const program of programs.toReversed()) await program[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  };
  try {
    const [, url = ""] = await front.says(/(http:\/\/127\.0\.0\.1:\d+)["\n]/);
    return {
      http: new HouseClient(url),
      program: front,
      folder,
      async stop() {
        const codes: (number | null)[] = [];
        for (const program of programs.toReversed()) {
          program.signal("SIGTERM");
          codes.push(await program.ended);
        }
        return codes;
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function settings(folder: string): { readonly [name: string]: string } {
  return { HAWSER_CONFIG_SHARED__FOLDER: folder, HAWSER_CONFIG_FRONT__PORT: "0", XDG_RUNTIME_DIR: folder };
}
