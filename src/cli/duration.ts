import { InvalidArgumentError } from "commander";

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** `250ms`, `5s`, `1.5m` or `2h`, in ms. @throws InvalidArgumentError for anything else */
export function parseDuration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(amount) * (unitMs[unit as keyof typeof unitMs] ?? Number.NaN);
  if (ms > 0) return ms;
  throw new InvalidArgumentError("Expected a duration above 0 with its unit, like 250ms, 5s or 2m.");
}

/** For people: `4s`, `3m 12s`, `5h 2m`, `6d 1h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds}s`;
  if (hours === 0) return `${minutes}m ${seconds % 60}s`;
  return hours < 24 ? `${hours}h ${minutes % 60}m` : `${Math.floor(hours / 24)}d ${hours % 24}h`;
}
