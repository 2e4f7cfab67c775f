/** Runs every seed it is sent, in a process of its own. */
import { runModel } from "../../support/simulated-etcd/model.js";

// Nobody reads the stacks of what fails by design, and they are dear.
Error.stackTraceLimit = 0;
process.on("message", async (seed: number) => {
  const { snapshots, broken, history } = await runModel(seed);
  process.send!({ seed, snapshots, broken, history: broken.length > 0 ? history : [] });
});
process.on("disconnect", () => process.exit());
