import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Child } from "./child.js";
import type { Children } from "./children.js";
import { hawser } from "./hawser.js";
import type { Process } from "./report.js";

/** In the order in which a call comes by. */
export const services = ["storefront", "orders", "inventory"] as const;

interface Instance extends Process {
  fate: string;
}

/** A line of `hawser up --json`: something that happened to a process, or something it wrote. */
interface Line {
  readonly child: string;
  readonly group?: string;
  readonly type?: string;
  readonly exit?: { readonly signal: string | null };
  readonly log?: { readonly msg?: string; readonly instance?: string };
}

/** The shop under `hawser up`, as its log tells of it. */
export class Shop {
  readonly #children: Children;
  readonly #instances: Instance[] = [];
  readonly #waiting = new Set<(line: Line) => void>();
  #up!: Child;
  #pids: ReadonlyMap<string, number> = new Map();
  #registry = "";

  constructor(children: Children) {
    this.#children = children;
  }

  /** Where its services find each other. */
  get registry(): string {
    return this.#registry;
  }

  get processes(): readonly Process[] {
    return services.flatMap((service) =>
      this.#instances.filter((each) => each.service === service).sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
  }

  /** Four processes, two of them inventory. */
  async open(): Promise<void> {
    const app = fileURLToPath(new URL("..", import.meta.url));
    this.#up = this.#children.start({ name: "hawser up", ...hawser("--json", "up", app), comeUpMs: 60_000 });
    this.#up.onLine((line) => this.#heard(line));
    const ready = Promise.all(
      ["inventory-1", "inventory-2", "orders-1", "storefront-1"].map((name) => this.#ready(name)),
    );
    this.#registry = await this.#up.up((line) => /HAWSER_REGISTRY=(\S+)/.exec(line)?.[1]);
    await this.#up.within(ready);
    this.#pids = await this.#ask();
  }

  /** Ends a process as by `kill -9`. Resolves once another has taken its place, with whether it was this that ended it. */
  async kill(name: string): Promise<boolean> {
    const pid = this.#pids.get(name);
    if (pid === undefined) return false;
    const victim = this.#instances.findLast((each) => each.name === name) as Instance;
    const exited = this.#told((line) => line.child === name && line.type === "exited");
    const ready = this.#ready(name);
    victim.fate = "killed";
    process.kill(pid, "SIGKILL");
    const { exit } = await exited;
    await this.#up.within(ready);
    (this.#instances.findLast((each) => each.name === name) as Instance).fate = "started after the kill";
    return exit?.signal === "SIGKILL";
  }

  /** Every process of the shop has told all its spans and is gone. */
  async close(): Promise<void> {
    await this.#children.stop([this.#up], 60_000);
  }

  /** Its supervisor calls it ready, and it has said who it is: the two come by different ways, in any order. */
  async #ready(name: string): Promise<void> {
    const ready = this.#told((line) => line.child === name && line.type === "ready");
    const named = this.#told((line) => line.child === name && line.log?.msg === "serving");
    await Promise.all([ready, named]);
  }

  #told(wanted: (line: Line) => boolean): Promise<Line> {
    return new Promise((resolve) => {
      const listener = (line: Line): void => {
        if (!wanted(line)) return;
        this.#waiting.delete(listener);
        resolve(line);
      };
      this.#waiting.add(listener);
    });
  }

  #heard(text: string): void {
    if (!text.startsWith("{")) return;
    const line = JSON.parse(text) as Line;
    const { child, group = "", log } = line;
    if (log?.msg === "serving" && log.instance !== undefined) {
      this.#instances.push({ service: group, name: child, instance: log.instance, fate: "" });
    }
    for (const listener of [...this.#waiting]) listener(line);
  }

  /** As `hawser ps` tells. */
  async #ask(): Promise<ReadonlyMap<string, number>> {
    const { command, args } = hawser("--json", "ps", "--app", String(this.#up.pid));
    const { stdout } = await promisify(execFile)(command, [...args]);
    const [app] = JSON.parse(stdout) as [
      { readonly children: readonly { readonly name: string; readonly pid: number }[] },
    ];
    return new Map(app.children.map(({ name, pid }) => [name, pid]));
  }
}
