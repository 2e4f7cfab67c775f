import { connect, createServer, type Server, type Socket } from "node:net";

export interface LinkOptions {
  /** How long each byte is on its way, in ms, in each direction: half a round trip. */
  readonly oneWayMs: number;
  /** In each direction of each connection. */
  readonly bytesPerS: number;
}

/** How much may wait before the bottleneck, in ms of its bandwidth; whoever sends more is not read from. */
const queueMs = 50;

/** Listens on 127.0.0.1 and carries every connection to the target as a long, narrow road would. Never closed: its process ends. */
export function openLink(targetPort: number, options: LinkOptions): Server {
  return createServer({ noDelay: true }, (near) => {
    const far = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
    carry(near, far, options);
    carry(far, near, options);
  }).listen(0, "127.0.0.1");
}

/** Each piece leaves the bottleneck after the one before, at its bandwidth, and arrives `oneWayMs` later. */
function carry(from: Socket, to: Socket, { oneWayMs, bytesPerS }: LinkOptions): void {
  const onTheWay: { readonly bytes: Buffer; readonly at: number }[] = [];
  let freeAt = 0;
  let timer: NodeJS.Timeout | undefined;

  const deliver = (): void => {
    timer = undefined;
    const now = performance.now();
    if (freeAt - now < queueMs) from.resume();
    let due = 0;
    while (due < onTheWay.length && onTheWay[due]!.at <= now) due++;
    to.cork();
    for (const { bytes } of onTheWay.splice(0, due)) to.write(bytes);
    to.uncork();
    if (onTheWay.length > 0) timer = setTimeout(deliver, onTheWay[0]!.at - now);
  };

  from.on("data", (bytes: Buffer) => {
    const now = performance.now();
    freeAt = Math.max(freeAt, now) + (bytes.length * 1000) / bytesPerS;
    onTheWay.push({ bytes, at: freeAt + oneWayMs });
    if (freeAt - now >= queueMs) from.pause();
    timer ??= setTimeout(deliver, oneWayMs);
  });
  from.on("error", () => to.destroy());
  from.on("close", () => {
    clearTimeout(timer);
    to.destroy();
  });
}
