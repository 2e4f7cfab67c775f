import type { ClientHttp2Stream } from "node:http2";
import { addAbortSignal } from "node:stream";

/** A call of grpc-js is made of calls; the innermost holds the stream on the wire. */
interface Layer {
  readonly child?: Layer | null;
  readonly underlyingCalls?: readonly { readonly call: Layer }[];
  readonly http2Stream?: ClientHttp2Stream;
}

/**
 * Breaks off a call whose requests may not all be sent. grpc-js would `close()` the stream, and node:http2 then writes
 * END_STREAM before the reset: to the handler the requests would look complete. A stream that is destroyed is only reset.
 * Does nothing where there is no stream yet.
 */
export function resetStream(call: object): void {
  const stream = streamOf(call);
  if (stream !== undefined) addAbortSignal(AbortSignal.abort(), stream);
}

/** Whether a call takes no more requests: its server has ended it, even where there are answers still to be read. */
export function isStreamOver(call: object): boolean {
  const stream = streamOf(call);
  return stream !== undefined && (stream.closed || stream.destroyed || stream.writableEnded);
}

function streamOf(call: object): ClientHttp2Stream | undefined {
  let layer: Layer | null | undefined = call as Layer;
  while (layer != null && layer.http2Stream === undefined) layer = layer.child ?? layer.underlyingCalls?.[0]?.call;
  return layer?.http2Stream;
}
