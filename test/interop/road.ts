import { onTestFinished } from "vitest";
import { messagesIn } from "../support/http2-frames.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import type { Connect, InteropClient, InteropServer, InteropSetup } from "./peer.js";

export interface Road {
  readonly client: InteropClient;
  /** Whether each request, and each response, was compressed on the wire; undefined where it cannot be seen. */
  readonly requests: () => readonly boolean[] | undefined;
  readonly responses: () => readonly boolean[] | undefined;
}

/** A client on its way to a server, with somebody listening in between where that is possible. For one test. */
export async function roadTo(server: InteropServer, connect: Connect, setup: InteropSetup): Promise<Road> {
  const proxy = await TcpProxy.to(server.address, { record: true });
  const client = connect(proxy.addressFor(server.address), setup);
  onTestFinished(async () => {
    await client.close();
    await proxy.close();
  });
  const flags = (side: "sent" | "received") => () =>
    setup.tls
      ? undefined
      : proxy.recordings.flatMap((each) => messagesIn(Buffer.concat(each[side])).map(({ compressed }) => compressed));
  return { client, requests: flags("sent"), responses: flags("received") };
}
