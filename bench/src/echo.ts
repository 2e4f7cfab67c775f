/**
 * What a party has to bring: one server and one client of `bench.v1.EchoService`, each in a file of its own.
 *
 * The payload comes back as it went. Clients resolve with the number of payload bytes that came back, so that whoever
 * drives them can tell an answer from a fault. Nothing is closed: each lives in a process that ends with the measurement.
 */
export interface EchoServer {
  /** In whatever form the party's own client wants it. */
  readonly address: string;
}

export interface EchoClient {
  unary(payload: Buffer): Promise<number>;
  /** The server sends the payload `count` times. */
  serverStream(payload: Buffer, count: number): Promise<number>;
  /** Sends the payload `count` times without waiting for answers; each is answered once. */
  bidi(payload: Buffer, count: number): Promise<number>;
}

/** What `parties/<name>/server.ts` exports as `serve`. */
export type Serve = () => Promise<EchoServer>;

/** What `parties/<name>/client.ts` exports as `connect`. Resolves once calls can be made. */
export type Connect = (address: string) => Promise<EchoClient>;

/** Every party receives messages up to this size: room for the 4 MiB case and its frame. */
export const maxMessageBytes: number = 8 << 20;
