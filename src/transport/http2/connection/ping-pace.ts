/** What gRPC's own servers allow where nobody told them otherwise (gRFC A8). */
const usualPingIntervalMs = 5 * 60_000;

/** So many PINGs that come too early are forgiven. grpc-java minds the first as well, on a connection younger than its interval. */
const forgivenPings = 2;

/** Two PINGs may arrive closer to each other than they were sent. */
const slackMs = 1000;

export interface PingPaceOptions {
  readonly keepaliveMs: number;
  readonly probesSparingly: boolean;
}

/**
 * How long a server wishes to be left in peace, in ms; 0 where it does not mind.
 *
 * @param saidMs its own word; undefined where it says nothing
 */
export function wishedMs({ probesSparingly }: PingPaceOptions, saidMs: number | undefined): number {
  const intervalMs = saidMs ?? (probesSparingly ? usualPingIntervalMs : 0);
  return intervalMs === 0 ? 0 : intervalMs + slackMs;
}

/** How long it is left in peace. @param unheard the PINGs it may have had since it last sent data or header fields */
export function pauseMs(wished: number, unheard: number): number {
  return unheard < forgivenPings ? 0 : wished;
}

/**
 * For who was told `too_many_pings`. gRFC A8 asks for half as often, step by step; each step costs the calls of a
 * connection, and the server that minds is nearly always one that was told nothing.
 *
 * @param mindedMs the pace of the connection that was told; others may have been told before, and have changed `options`
 */
export function probingLess<Options extends PingPaceOptions>(options: Options, mindedMs: number): Options {
  const { keepaliveMs } = options;
  if (keepaliveMs === 0) return options;
  return { ...options, keepaliveMs: Math.max(keepaliveMs, 2 * mindedMs, usualPingIntervalMs + slackMs) };
}
