/** Who can be measured. Each has a folder in `parties/` with its `server.ts` and `client.ts`. */
export interface Party {
  readonly name: string;
  readonly folder: string;
  /** Client and server are one process: there is no `server.ts`, and `connect` is given an empty address. */
  readonly inProcess: boolean;
}

function party(name: string, folder: string = name): Party {
  return { name, folder, inProcess: false };
}

export const parties = {
  "hawser/grpc-js": party("hawser/grpc-js", "hawser-grpc-js"),
  "hawser/grpc-js+traced": party("hawser/grpc-js+traced", "hawser-grpc-js-traced"),
  "hawser/http2": party("hawser/http2", "hawser-http2"),
  "hawser/http2+traced-10%": party("hawser/http2+traced-10%", "hawser-http2-traced"),
  "hawser/http2+plain": party("hawser/http2+plain", "hawser-http2-plain"),
  "hawser/memory": { name: "hawser/memory", folder: "hawser-memory", inProcess: true },
  "hawser/memory+metrics": { name: "hawser/memory+metrics", folder: "hawser-memory-metrics", inProcess: true },
  "hawser/app": { name: "hawser/app", folder: "hawser-app", inProcess: true },
  "grpc-js": party("grpc-js"),
  "nice-grpc": party("nice-grpc"),
  "connect-node": party("connect-node"),
  nestjs: party("nestjs"),
  "moleculer-tcp": party("moleculer-tcp"),
  tcp: party("tcp"),
} as const satisfies Record<string, Party>;

export type PartyName = keyof typeof parties;

/** Those Hawser is compared with. */
export const peers: readonly PartyName[] = ["grpc-js", "nice-grpc", "connect-node", "nestjs", "moleculer-tcp"];
