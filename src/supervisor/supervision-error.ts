import type { CrashReport } from "./status.js";

/** Something asked of a supervisor that it cannot do. */
export class SupervisionError extends Error {
  override readonly name = "SupervisionError";
  /** Where it is about a process that cannot be started or kept. */
  readonly report: CrashReport | undefined;

  constructor(message: string, report?: CrashReport) {
    super(message);
    this.report = report;
  }
}
