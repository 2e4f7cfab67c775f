/** `grpc-timeout`, as https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md writes it: 1 to 8 digits and a unit. */
const shape = /^(\d{1,8})([HMSmun])$/;

const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** The time in ms; undefined where the header is malformed. */
export function parseTimeout(header: string): number | undefined {
  const match = shape.exec(header);
  return match === null ? undefined : Number(match[1]) * (unitMs[match[2] as string] as number);
}

/** The finest unit that fits into 8 digits, rounded up: a server never gives up before its caller. */
export function formatTimeout(timeoutMs: number): string {
  if (timeoutMs <= 0) return "0n";
  if (timeoutMs < 100) return `${Math.ceil(timeoutMs * 1e6)}n`;
  if (timeoutMs < 1e5) return `${Math.ceil(timeoutMs * 1e3)}u`;
  if (timeoutMs < 1e8) return `${Math.ceil(timeoutMs)}m`;
  if (timeoutMs < 1e11) return `${Math.ceil(timeoutMs / 1e3)}S`;
  return `${Math.min(99_999_999, Math.ceil(timeoutMs / unitMs["M"]!))}M`;
}
