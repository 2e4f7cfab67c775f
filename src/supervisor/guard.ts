import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** How long groups have to end by themselves once the supervisor is gone, before they get SIGKILL, in s. */
const graceSeconds = 5;

/** A guard that dies is replaced so often: somebody kills it, or no shell lives here. */
const mostDeaths = 10;

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

/**
 * A process of its own, in a session of its own, that outlives the supervisor just long enough to end the process groups
 * the supervisor has left behind.
 */
export class Guard {
  readonly #groups = new Set<number>();
  readonly #shell: string;
  #process: ChildProcess | undefined;
  #deaths = 0;
  #closed = false;

  /** @param shell Default: `/bin/sh` */
  constructor(shell: string = "/bin/sh") {
    this.#shell = shell;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Resolves once it is on guard. @throws Error where there is no shell */
  async open(): Promise<void> {
    const guard = spawn(this.#shell, ["-c", script], { cwd: "/", detached: true, stdio: ["pipe", "pipe", "ignore"] });
    guard.on("error", () => {});
    guard.stdin.on("error", () => {});
    const purpose = "which ends the processes of a supervisor that was killed";
    if (guard.pid === undefined) throw new Error(`there is no ${this.#shell}, ${purpose}`);
    this.#process = guard;
    for (const group of this.#groups) this.#write(`+${group}`);
    const gone = once(guard, "exit").then(() => "gone");
    const first = await Promise.race([gone, once(guard.stdout, "data")]);
    guard.stdout.destroy();
    if (first === "gone") throw new Error(`${this.#shell} ended at once, ${purpose}`);
    void gone.then(() => this.#died(guard));
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
    const guard = this.#process;
    if (guard === undefined || guard.exitCode !== null || guard.signalCode !== null) return;
    const gone = once(guard, "exit");
    guard.stdin?.end();
    await gone;
  }

  #write(line: string): void {
    this.#process?.stdin?.write(`${line}\n`);
  }

  /** Somebody killed it: another one takes its place. */
  #died(guard: ChildProcess): void {
    if (this.#closed || guard !== this.#process) return;
    this.#process = undefined;
    this.#deaths += 1;
    if (this.#deaths > mostDeaths) return;
    this.open().catch(() => {}); // without a shell, processes that speak the protocol still end when their channel does
  }
}
