import { onTestFinished } from "vitest";
import { createClient } from "../../../src/client/client.js";
import { type Http2TransportOptions, http2Transport } from "../../../src/transport/http2/http2.js";
import type { ChannelState } from "../../../src/transport/transport.js";
import { EchoServiceDefinition } from "../echo.js";
import { ManualClock } from "../manual-clock.js";
import { Setting } from "./constants.js";
import { settings } from "./frames.js";
import { wholeAnswer } from "./grpc.js";
import { RawListener } from "./raw-listener.js";
import type { RawPeer, RawPeerOptions } from "./raw-peer.js";
import { isHeaders } from "./received.js";

/** A server that says what it is told to, a client of it and a channel beside. */
export async function given(options: Http2TransportOptions = {}, server: RawPeerOptions = {}) {
  const listener = await RawListener.start(server);
  onTestFinished(() => listener.close());
  const clock = new ManualClock();
  const transport = http2Transport({ clock, random: () => 0.5, ...options });
  const channel = transport.connect(listener.address);
  const states: ChannelState[] = [];
  channel.onState((state) => states.push(state));
  const client = createClient(EchoServiceDefinition, { target: listener.address, transport, retry: false, clock });
  onTestFinished(async () => {
    await client.close();
    await channel.close();
  });
  return { listener, transport, channel, states, client, clock };
}

/** The next call a server sees. */
export async function nextCall(peer: RawPeer): Promise<{ id: number; answer: (text: string) => void }> {
  const { id } = await peer.next(isHeaders());
  return { id, answer: (text) => void peer.write(wholeAnswer(id, { text })) };
}

/** A server that takes so many calls at once. */
export function limited(calls: number): RawPeerOptions {
  return { greeting: [settings([[Setting.MAX_CONCURRENT_STREAMS, calls]])] };
}
