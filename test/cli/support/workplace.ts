import { expect } from "vitest";
import { hawser, type Result } from "./command.js";
import { Project } from "./project.js";
import { type RealCommand, Shell } from "./real-command.js";

/** What `hawser ps` tells of one. */
export interface Process {
  readonly name: string;
  readonly pid: number;
  readonly state: string;
  readonly restarts: number;
}

/** A person of their own, with a project to work on: what others run is not seen from here. */
export class Workplace implements AsyncDisposable {
  readonly shell: Shell;
  readonly project: Project;

  private constructor(shell: Shell, project: Project) {
    this.shell = shell;
    this.project = project;
  }

  static async make(): Promise<Workplace> {
    return new Workplace(await Shell.open(), await Project.make());
  }

  /** A command in a process of its own, of which it has said this. */
  async start(args: readonly string[], says: RegExp, env: object = {}): Promise<RealCommand> {
    const command = this.shell.start(args, { env });
    await command.says(says);
    return command;
  }

  /** A command in this process. */
  hawser(...args: readonly string[]): Promise<Result> {
    return hawser(args, { env: this.shell.env });
  }

  /** What `front` answers, or why not. */
  async sayHello(): Promise<string> {
    const { out, err } = await this.hawser("call", "front", "SayHello", '{"name":"Ada"}', "--json");
    return err || JSON.parse(out).text;
  }

  /** Of the one app that runs, by their names. */
  async processes(): Promise<{ readonly [name: string]: Process }> {
    const [{ children }] = JSON.parse((await this.hawser("ps", "--json")).out);
    return Object.fromEntries(children.map((child: Process) => [child.name, child]));
  }

  /** No process, socket or file. */
  expectNothingLeft(): void {
    expect(this.shell.remains).toEqual({ alive: [], left: [] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shell[Symbol.asyncDispose]();
    await this.project[Symbol.asyncDispose]();
  }
}
