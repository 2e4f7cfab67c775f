/** `grpc-timeout`, as https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md writes it: 1 to 8 digits and a unit. */
const shape = /^(\d{1,8})([HMSmun])$/;

const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** The time in ms; undefined where the header is malformed. */
export function parseTimeout(header: string): number | undefined {
  const match = shape.exec(header);
  return match === null ? undefined : Number(match[1]) * (unitMs[match[2] as string] as number);
}

const most = 99_999_999;

/** The finest unit that fits into 8 digits, rounded up: a server never gives up before its caller. */
export function formatTimeout(timeoutMs: number): string {
  if (timeoutMs <= 0) return "0n";
  return (
    inUnit(timeoutMs * 1e6, "n") ??
    inUnit(timeoutMs * 1e3, "u") ??
    inUnit(timeoutMs, "m") ??
    inUnit(timeoutMs / 1e3, "S") ??
    inUnit(timeoutMs / 60_000, "M") ??
    `${most}M`
  );
}

function inUnit(amount: number, unit: string): string | undefined {
  return amount <= most ? `${Math.ceil(amount)}${unit}` : undefined;
}
