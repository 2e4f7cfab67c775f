import {
  createSupervisor,
  type GroupSpec,
  type ProcessSpec,
  type Supervisor,
  type SupervisorEvent,
  type SupervisorOptions,
} from "../../src/supervisor/supervisor.js";
import { ManualClock } from "../support/manual-clock.js";
import { FakeLauncher } from "./fake-launcher.js";

/** A process that comes after nobody. */
export function child(name: string, more: Partial<ProcessSpec> = {}): ProcessSpec {
  return { name, command: "node", args: [], after: [], ...more };
}

export interface Supervised {
  readonly supervisor: Supervisor;
  readonly launcher: FakeLauncher;
  readonly clock: ManualClock;
  readonly events: readonly SupervisorEvent[];
  /** `name: state` of all. */
  states(): Readonly<Record<string, string>>;
}

/** A supervisor of fake processes, on a clock that stands still. Waits are not jittered: 100 ms, 200 ms, … */
export function supervised(
  spec: Partial<GroupSpec> & Pick<GroupSpec, "children">,
  options: SupervisorOptions = {},
): Supervised {
  const launcher = new FakeLauncher();
  const clock = new ManualClock();
  const supervisor = createSupervisor({ name: "shop", ...spec }, { launcher, clock, random: () => 0.5, ...options });
  const events: SupervisorEvent[] = [];
  supervisor.onEvent((event) => events.push(event));
  const states = () => Object.fromEntries(supervisor.children().map(({ name, state }) => [name, state]));
  return { supervisor, launcher, clock, events, states };
}
