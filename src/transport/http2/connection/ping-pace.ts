/** What gRPC's own servers allow where nobody told them otherwise (gRFC A8). */
export const usualPingIntervalMs: number = 5 * 60_000;

/** So many come too early before a server minds, one of them already under way when it last spoke. */
const forgivenPings = 2;

/** Two PINGs may arrive closer to each other than they were sent. */
const slackMs = 1000;

export interface PingPaceOptions {
  readonly keepaliveMs: number;
  readonly probesSparingly: boolean;
}

/**
 * How long a server may be silent before its client asks it for a sign of life, in ms: `keepaliveMs` at first, and once it
 * would mind as long as it wishes (gRFC A8).
 *
 * @param pings since it last sent data or header fields
 * @param allowedMs how often it says that it may be asked; undefined where it says nothing
 */
export function silenceMs(options: PingPaceOptions, pings: number, allowedMs: number | undefined): number {
  const { keepaliveMs, probesSparingly } = options;
  const wishedMs = allowedMs ?? (probesSparingly ? usualPingIntervalMs : 0);
  return pings < forgivenPings || wishedMs === 0 ? keepaliveMs : Math.max(keepaliveMs, wishedMs + slackMs);
}
