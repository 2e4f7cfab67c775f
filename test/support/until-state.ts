import type { Channel, ChannelState } from "../../src/transport/transport.js";

/** Resolves when the channel is in the state, or gets there. */
export function untilState(channel: Channel, state: ChannelState): Promise<void> {
  return new Promise((resolve) => {
    if (channel.state === state) {
      resolve();
      return;
    }
    const end = channel.onState((now) => {
      if (now !== state) return;
      end();
      resolve();
    });
  });
}
