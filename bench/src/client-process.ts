/** One party's client, and the load it makes, in a process of its own. `node client-process.js <folder> <address>` */
import { encodeIntoCompressedBase64 } from "hdr-histogram-js";
import { type CaseName, cases } from "./cases.js";
import type { Connect } from "./echo.js";
import { type Load, load } from "./load.js";
import { pacedLoad } from "./paced-load.js";
import { answer, cpuUs } from "./process/child.js";

const [, , folder, address = ""] = process.argv;
const { connect } = (await import(`./parties/${folder}/client.js`)) as { connect: Connect };
const client = await connect(address);

export interface RunCommand {
  readonly case: CaseName;
  readonly ms: number;
}

export interface PacedCommand extends RunCommand {
  readonly callsPerS: number;
}

/** What the parent gets: the `Load`, its latencies encoded. */
export interface RunResult {
  readonly ops: number;
  readonly ms: number;
  readonly latencies: string;
}

answer({
  ready: () => true,
  cpuUs,
  run: async ({ case: name, ms }: RunCommand) => encode(await load(client, cases[name], ms)),
  paced: async ({ case: name, ms, callsPerS }: PacedCommand) =>
    encode(await pacedLoad(client, cases[name], ms, callsPerS)),
});

function encode(result: Load): RunResult {
  return { ...result, latencies: encodeIntoCompressedBase64(result.latencies) };
}
