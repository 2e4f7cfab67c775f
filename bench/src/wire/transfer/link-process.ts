/** A long, narrow road in a process of its own, so that whoever carries the bytes is not whom we measure. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { answer } from "../../process/child.js";
import { type LinkOptions, openLink } from "./link.js";

answer({
  /** @returns the port to connect to */
  async open({ targetPort, ...options }: LinkOptions & { readonly targetPort: number }): Promise<number> {
    const server = openLink(targetPort, options);
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  },
});
