/** One party's client, and the load it makes, in a process of its own. `node client-process.js <folder> <address>` */
import { encodeIntoCompressedBase64 } from "hdr-histogram-js";
import { type CaseName, cases } from "./cases.js";
import type { Connect } from "./echo.js";
import { load } from "./load.js";
import { answer, cpuUs } from "./process/child.js";

const [, , folder, address = ""] = process.argv;
const { connect } = (await import(`./parties/${folder}/client.js`)) as { connect: Connect };
const client = await connect(address);

export interface RunCommand {
  readonly case: CaseName;
  readonly ms: number;
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
  async run({ case: name, ms }: RunCommand): Promise<RunResult> {
    const result = await load(client, cases[name], ms);
    return { ...result, latencies: encodeIntoCompressedBase64(result.latencies) };
  },
});
