import { Child, type ChildOptions } from "./child.js";

/** Every process the demo has started: none of them outlives it, and none ends unseen. */
export class Children {
  readonly #children: Child[] = [];
  readonly #mayEnd = new Set<Child>();
  /** Rejects once a child ends that nobody has asked to. */
  readonly unexpectedEnd: Promise<never>;
  #missed!: (failure: Error) => void;

  constructor() {
    this.unexpectedEnd = new Promise((_, reject) => {
      this.#missed = reject;
    });
    this.unexpectedEnd.catch(() => {});
    process.once("exit", () => this.killAll());
  }

  start(options: ChildOptions): Child {
    const child = new Child(options);
    this.#children.push(child);
    void child.ended.then((how) => {
      if (!this.#mayEnd.has(child)) this.#missed(child.failure(`ended by itself (${how})`));
    });
    return child;
  }

  /** As by `kill -9`. Resolves with whether it was this that ended it. */
  async kill(child: Child): Promise<boolean> {
    this.#mayEnd.add(child);
    child.signal("SIGKILL");
    return (await child.ended) === "SIGKILL";
  }

  /** Lets some of them go, those that take too long by force. */
  async stop(children: readonly Child[], graceMs = 10_000): Promise<void> {
    for (const child of children) this.#mayEnd.add(child);
    await Promise.all(children.map((child) => child.stop(graceMs)));
  }

  stopAll(graceMs: number): Promise<void> {
    return this.stop(this.#children, graceMs);
  }

  /** At once, for when there is no time to wait. */
  killAll(): void {
    for (const child of this.#children) child.signal("SIGKILL");
  }
}
