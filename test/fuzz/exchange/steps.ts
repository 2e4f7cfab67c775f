import type { Step } from "../input.js";
import type { FakeSocket } from "./fake-socket.js";
import { turns } from "./turns.js";

/** Lets the other end of a socket do what an input says. */
export async function perform(step: Step, socket: FakeSocket): Promise<void> {
  if (typeof step !== "string") socket.receive(Buffer.from(step));
  else if (step === "turn") await turns(1);
  else if (step === "stall") socket.stall();
  else if (step === "drain") socket.drain();
  else if (step === "end") socket.emit("end");
  else socket.gone(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
}
