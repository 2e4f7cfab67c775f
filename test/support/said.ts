import type { ChildProcess } from "node:child_process";

/** How much was said on each stream. */
export interface SoFar {
  readonly out: number;
  readonly err: number;
}

/** What a process says on its two streams, and those who wait for a word. */
export class Said {
  out = "";
  err = "";
  readonly #waiting = new Set<() => void>();

  /** @param process its stdout and stderr are pipes */
  constructor({ stdout, stderr }: ChildProcess) {
    for (const [name, stream] of [["out", stdout] as const, ["err", stderr] as const]) {
      stream!.setEncoding("utf8").on("data", (text: string) => {
        this[name] += text;
        for (const look of [...this.#waiting]) look();
      });
    }
  }

  get sofar(): SoFar {
    return { out: this.out.length, err: this.err.length };
  }

  /**
   * Resolves with the match once it has been said, on either stream; from now on where `after` says how much was said before.
   *
   * @param ended resolves with what the process ended with
   * @throws Error where it ends before
   */
  async says(pattern: RegExp, ended: Promise<unknown>, after: SoFar = { out: 0, err: 0 }): Promise<RegExpExecArray> {
    let look!: () => void;
    const said = new Promise<RegExpExecArray>((resolve) => {
      look = () => {
        const found = pattern.exec(this.out.slice(after.out)) ?? pattern.exec(this.err.slice(after.err));
        if (found !== null) resolve(found);
      };
    });
    this.#waiting.add(look);
    look();
    const silent = ended.then((how) => {
      throw new Error(`it ended with ${how} and never said ${pattern}:\n${this.out}\n${this.err}`);
    });
    try {
      return await Promise.race([said, silent]);
    } finally {
      this.#waiting.delete(look);
    }
  }
}
