import type { Fault } from "../fault.js";
import { crashLoop } from "./crash-loop.js";
import { freeze } from "./freeze.js";
import { interrupt } from "./interrupt.js";
import { kill } from "./kill.js";
import { killSupervisor } from "./kill-supervisor.js";
import { rollingRestart } from "./rolling-restart.js";
import { scale } from "./scale.js";

export const supervisorFaults: readonly Fault[] = [
  kill,
  rollingRestart,
  scale,
  freeze,
  crashLoop,
  interrupt,
  killSupervisor,
];
