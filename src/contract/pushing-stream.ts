/** Who takes the messages of a stream, one after the other. */
export interface MessageSink {
  /** Nothing more is taken. */
  readonly closed: boolean;
  /** Undefined where the next may follow at once; else resolves when it may. @throws what ends the stream */
  take(message: unknown): Promise<void> | undefined;
}

/** A stream that can hand its messages on by itself, which spares a promise for every one of them. */
export interface PushingStream extends AsyncIterable<unknown> {
  /** As `pushTo()`; to be called instead of reading it. */
  pushTo(sink: MessageSink): Promise<void>;
}

/**
 * Reads a stream into a sink: to the stream's end, or until the sink is closed or throws, which the stream is told by
 * `return()`. Rejects with what the stream or the sink throws.
 */
export function pushTo(sink: MessageSink, stream: AsyncIterable<unknown>): Promise<void> {
  return "pushTo" in stream ? (stream as PushingStream).pushTo(sink) : read(sink, stream);
}

async function read(sink: MessageSink, stream: AsyncIterable<unknown>): Promise<void> {
  for await (const message of stream) {
    const room = sink.take(message);
    if (room !== undefined) await room;
    if (sink.closed) return;
  }
}
