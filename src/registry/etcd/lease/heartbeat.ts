import { Code, RpcError } from "../../../errors/errors.js";
import { joinSignals } from "../../join-signals.js";
import type { EtcdApi } from "../api.js";
import type { ResolvedEtcdOptions } from "../options.js";
import { unlessAborted } from "../unless-aborted.js";
import { dropStream, readStream } from "../watch/stream.js";

export interface Heartbeat {
  readonly api: EtcdApi;
  readonly options: ResolvedEtcdOptions;
  readonly leaseId: string;
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

/**
 * Renews a lease over one stream until the signal aborts: at once, and then again and again. Rejects where the stream
 * ends, and where etcd has not answered by the time at which the next sign of life is due; the member is suspect then.
 *
 * @param onAnswer when what is answered was sent, and how long the lease had to live from then; 0 where it is gone
 */
export async function beat(heartbeat: Heartbeat, onAnswer: (sentAt: number, leftMs: number) => void): Promise<void> {
  const { api, options, leaseId, everyMs, signal } = heartbeat;
  const { clock, name } = options;
  const silent = new AbortController();
  const { signal: either, release } = joinSignals(signal, silent.signal);
  let sentAt: number | undefined;
  let timer = clock.timer(everyMs, () => silent.abort());
  try {
    const stream = await unlessAborted(api.keepAlive(), either, dropStream);
    if (stream !== undefined) {
      const send = () => {
        sentAt = clock.now();
        timer = clock.timer(everyMs, due);
        stream.write({ ID: leaseId });
      };
      const due = () => {
        if (sentAt === undefined) return send();
        // A process that was busy has the answer, and has not read it yet.
        timer = clock.timer(0, () => (sentAt === undefined ? send() : silent.abort()));
      };
      timer.cancel();
      timer = clock.timer(0, send);
      await readStream(stream, either, ({ TTL }) => {
        if (sentAt === undefined) return;
        const at = sentAt;
        sentAt = undefined;
        onAnswer(at, Math.max(0, Number(TTL)) * 1_000);
      });
    }
  } catch (reason) {
    throw api.failure(reason);
  } finally {
    timer.cancel();
    release();
  }
  if (signal.aborted) return;
  const why = `no renewal of the lease was answered within ${Math.round(everyMs)} ms`;
  api.suspect(why);
  throw new RpcError(Code.UNAVAILABLE, `${name}: ${why}`);
}
