/** What was counted. */
export interface Counts {
  /** How many calls were to be made. */
  readonly planned: number;
  /** How many have ended. */
  readonly calls: number;
  /** How many of them with an error or a wrong answer. */
  readonly failed: number;
  /** How many instances ended by our SIGKILL. */
  readonly killed: number;
}

export interface Verdict {
  readonly line: string;
  readonly passed: boolean;
}

/** The last line of the demo, and whether it is the one that was promised. */
export function verdict({ planned, calls, failed, killed }: Counts): Verdict {
  return {
    line: `demo: ${calls} calls, ${failed} failed, ${killed} instance${killed === 1 ? "" : "s"} killed`,
    passed: calls === planned && failed === 0 && killed === 1,
  };
}
