import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startControlServer } from "../../../src/cli/up/control-server.js";
import { takeRuntimeFolder } from "../../../src/cli/up/runtime-folder.js";
import type { Supervisor } from "../../../src/supervisor/supervisor.js";
import { systemClock } from "../../../src/time/time.js";
import { hawser, type Result, type Started, type Surroundings, start } from "./command.js";

/** What `hawser up` leaves open for the other verbs, with a supervisor that has no processes. */
export interface RunningApp {
  readonly file: string;
  readonly startedAt: number;
  readonly registry: string;
  close(): Promise<void>;
}

/** A user of their own: a folder where nobody else's apps are. */
export class User {
  readonly folder: string = mkdtempSync(join(tmpdir(), "hawser-user-"));
  readonly env: { readonly [name: string]: string } = { XDG_RUNTIME_DIR: this.folder };
  readonly #apps: RunningApp[] = [];

  /** Runs an app until its supervisor ends, as `hawser up` does. @param pid to tell apps apart; default: this process's */
  async up(
    name: string,
    supervisor: Supervisor,
    pid: number = process.pid,
    registry: string = `hawser://127.0.0.1:${7400 + this.#apps.length}`,
  ): Promise<RunningApp> {
    const file = join(this.folder, `${name}.ts`);
    writeFileSync(file, "");
    const startedAt = Math.round(systemClock.now());
    const info = { name, file, pid, registry, startedAt };
    const folder = await takeRuntimeFolder(info, this.env);
    folder.publish(registry);
    const control = await startControlServer({ supervisor, info, socket: folder.socket });
    const close = async (): Promise<void> => {
      await control.close();
      await folder.close();
    };
    void supervisor.ended.then(close);
    const app = { file, startedAt, registry, close };
    this.#apps.push(app);
    return app;
  }

  run(args: readonly string[], around: Surroundings = {}): Promise<Result> {
    return hawser(args, { env: this.env, ...around });
  }

  start(args: readonly string[], around: Surroundings = {}): Started {
    return start(args, { env: this.env, ...around });
  }

  async leave(): Promise<void> {
    await Promise.all(this.#apps.map((app) => app.close()));
    rmSync(this.folder, { recursive: true });
  }
}
