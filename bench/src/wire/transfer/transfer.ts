/** Much in one direction over one connection, by whoever is measured. */
export interface TransferParty {
  /** Resolves with the port it listens on, on 127.0.0.1. */
  serve(): Promise<number>;
  /** Makes a new connection. Resolves once one message has gone each way. */
  connect(port: number): Promise<TransferClient>;
}

export interface TransferClient {
  /** Sends so many messages. Resolves with how many bytes the server says have come, once all have. */
  upload(messages: number): Promise<number>;
  /** The other way round. */
  download(messages: number): Promise<number>;
  close(): void | Promise<void>;
}

export const messageBytes: number = 256 << 10;

export function message(): Buffer {
  return Buffer.alloc(messageBytes, "hawser");
}
