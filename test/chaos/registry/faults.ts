import type { Fault } from "../fault.js";
import { blows } from "./blows.js";
import { departures } from "./departures.js";
import { model } from "./model.js";

export const registryFaults: readonly Fault[] = [...blows, ...departures, model];
