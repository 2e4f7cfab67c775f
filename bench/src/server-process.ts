/** One party's server, in a process of its own. `node server-process.js <folder>` */
import type { Serve } from "./echo.js";
import { answer, cpuUs } from "./process/child.js";
import { sample } from "./process/sample.js";

const { serve } = (await import(`./parties/${process.argv[2]}/server.js`)) as { serve: Serve };
const server = await serve();

answer({ address: () => server.address, cpuUs, sample });
