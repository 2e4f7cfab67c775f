import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type Clock, systemClock, systemRandom, type Timer } from "../../time/time.js";
import { RestartDelay } from "../restart-delay.js";

/** How long groups have to end by themselves once the supervisor is gone, before they get SIGKILL, in s. */
const graceSeconds = 5;

/**
 * Reads `+<group>` and `-<group>` lines. At the end of its input the supervisor is gone, whoever killed it: what is left
 * of the groups is asked to end, woken where it was stopped, and killed. A group that was seen empty is never touched
 * again: its number may be somebody else's by then.
 */
const script = `
trap '' INT TERM HUP QUIT
echo on guard
exec >&-
groups=' '
while read -r line; do
  group=\${line#?}
  case $line in
    +*) groups="$groups$group " ;;
    -*) case $groups in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
signal() {
  left=
  for group in $groups; do kill -s "$1" -- "-$group" 2>/dev/null && left="$left $group"; done
  groups=$left
}
signal TERM
signal CONT
tries=0
while [ -n "$groups" ] && [ $tries -lt ${graceSeconds * 10} ]; do
  tries=$((tries + 1))
  sleep 0.1 2>/dev/null || { sleep 1; tries=$((tries + 9)); }
  signal 0
done
signal KILL
`;

const purpose = "which ends the processes of a supervisor that was killed";

export interface GuardOptions {
  /** Default: `/bin/sh` */
  readonly shell?: string;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * A process of its own, in a session of its own, that outlives the supervisor just long enough to end the process groups
 * the supervisor has left behind. One that dies is replaced, however often, with growing waits. Where that fails, this
 * process is warned once (`process.on("warning")`) until it succeeds again: those that speak the protocol still end when
 * their channel does, and all the others would stay.
 */
export class Guard {
  readonly #groups = new Set<number>();
  readonly #shell: string;
  readonly #clock: Clock;
  readonly #delay = new RestartDelay(systemRandom);
  #process: ChildProcess | undefined;
  #onGuardSince = 0;
  #timer: Timer | undefined;
  #warned = false;
  #closed = false;

  constructor({ shell = "/bin/sh", clock = systemClock }: GuardOptions = {}) {
    this.#shell = shell;
    this.#clock = clock;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Resolves once it is on guard. @throws Error where there is no shell */
  async open(): Promise<void> {
    const guard = spawn(this.#shell, ["-c", script], { cwd: "/", detached: true, stdio: ["pipe", "pipe", "ignore"] });
    guard.on("error", () => {});
    if (guard.pid === undefined) throw new Error(`there is no ${this.#shell}, ${purpose}`);
    guard.stdin.on("error", () => {});
    this.#process = guard;
    for (const group of this.#groups) this.#write(`+${group}`);
    const gone = once(guard, "exit").then(() => "gone");
    const first = await Promise.race([gone, once(guard.stdout, "data")]);
    guard.stdout.destroy();
    if (first === "gone") throw new Error(`${this.#shell} ended at once, ${purpose}`);
    this.#onGuardSince = this.#clock.now();
    void gone.then(() => this.#replaceLater(this.#clock.now() - this.#onGuardSince));
  }

  add(group: number): void {
    this.#groups.add(group);
    this.#write(`+${group}`);
  }

  remove(group: number): void {
    this.#groups.delete(group);
    this.#write(`-${group}`);
  }

  /** Resolves once it has gone, and with it what was left of the groups. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    const guard = this.#process;
    if (guard === undefined || guard.exitCode !== null || guard.signalCode !== null) return;
    const gone = once(guard, "exit");
    guard.stdin?.end();
    await gone;
  }

  #write(line: string): void {
    this.#process?.stdin?.write(`${line}\n`);
  }

  /** @param wellMs how long the one that has died was on guard */
  #replaceLater(wellMs: number): void {
    this.#process = undefined;
    if (!this.#closed) this.#timer = this.#clock.timer(this.#delay.next(wellMs), () => void this.#replace(), true);
  }

  async #replace(): Promise<void> {
    try {
      await this.open();
      this.#warned = false;
    } catch (reason) {
      if (!this.#closed && !this.#warned) this.#warn(reason as Error);
      this.#replaceLater(0);
    }
  }

  #warn({ message }: Error): void {
    this.#warned = true;
    const type = "SupervisorWarning";
    process.emitWarning(`the guard has died and cannot be replaced, which is tried on: ${message}`, { type });
  }
}
