/** One party's server or client, in a process of its own. `node transfer-process.js <party>` */
import { answer, cpuUs } from "../../process/child.js";
import { messageBytes, type TransferParty } from "./transfer.js";

const { party } = (await import(`./${process.argv[2]}.js`)) as { readonly party: TransferParty };

export interface TransferCommand {
  readonly port: number;
  readonly messages: number;
}

/** How long each took, in ms. */
export interface Transferred {
  readonly upload: number;
  readonly download: number;
}

answer({
  cpuUs,
  serve: () => party.serve(),
  /** Over a new connection, first up, then down. @throws Error where not all came */
  async transfer({ port, messages }: TransferCommand): Promise<Transferred> {
    const client = await party.connect(port);
    const upload = await timed(() => client.upload(messages), messages);
    const download = await timed(() => client.download(messages), messages);
    await client.close();
    return { upload, download };
  },
});

async function timed(transfer: () => Promise<number>, messages: number): Promise<number> {
  const begun = performance.now();
  const bytes = await transfer();
  if (bytes !== messages * messageBytes) throw new Error(`${bytes} bytes came instead of ${messages * messageBytes}`);
  return performance.now() - begun;
}
