import { createSocket } from "node:dgram";

/** A port that nobody uses, so that whoever multicasts there is alone with whom it was told to. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

/** Why multicast over loopback does not work on this machine; undefined where it does. */
export async function whyNoMulticast(): Promise<string | undefined> {
  const port = await freeUdpPort();
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  const timeout = AbortSignal.timeout(2_000);
  try {
    await new Promise<void>((resolve, reject) => {
      timeout.addEventListener("abort", () => reject(new Error("what was sent did not arrive")));
      socket.on("error", reject);
      socket.on("message", () => resolve());
      socket.bind(port, "0.0.0.0", () => {
        try {
          socket.addMembership("224.0.0.251", "127.0.0.1");
          socket.setMulticastInterface("127.0.0.1");
          socket.send("hello", port, "224.0.0.251", (error) => error && reject(error));
        } catch (error) {
          reject(error);
        }
      });
    });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
}
