import type { Clock, Random } from "../../time/time.js";
import type { Launcher } from "../launcher/launcher.js";
import type { LogLine, SupervisorEvent } from "../status.js";
import type { Changes } from "./changes.js";

/** What all members of one tree share. */
export interface TreeContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly launcher: Launcher;
  /** Told whenever a member of the tree has become ready, has ended, or is waited for no longer. */
  readonly changes: Changes;
  line(line: LogLine): void;
  event(event: SupervisorEvent): void;
}
