import { Readable, Transform } from "node:stream";
import type { Context } from "moleculer";
import type { Serve } from "../../echo.js";
import { repeat } from "../../streams.js";
import { createBroker } from "./broker.js";

/** JSON carries no bytes, so the payload is a string of the same length. */
interface Echo {
  readonly payload: string;
}

export const serve: Serve = async () => {
  const nodeID = `server-${process.pid}`;
  const broker = createBroker(nodeID, []);
  broker.createService({
    name: "echo",
    actions: {
      unary: ({ params }: Context<Echo>) => ({ payload: params.payload }),
      serverStream: ({ params }: Context<Echo & { count: number }>) =>
        Readable.from(repeat({ payload: params.payload }, params.count)),
      bidi: ({ params }: Context<Readable>) =>
        params.pipe(
          new Transform({ objectMode: true, transform: ({ payload }: Echo, _, done) => done(null, { payload }) }),
        ),
    },
  });
  await broker.start();
  const { port } = (broker.registry as unknown as { nodes: { localNode: { port: number } } }).nodes.localNode;
  return { address: `127.0.0.1:${port}/${nodeID}` };
};
