import { mkdir, rm, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { FollowedFile } from "../../src/registry/static/followed-file.js";
import { CountingClock } from "../support/counting-clock.js";
import { ManualClock } from "../support/manual-clock.js";
import { passTime, untilResting } from "../support/pass-time.js";
import { ServicesFile } from "../support/services-file.js";

/** A followed file in a system that tells what the test says, and the diary of what came of it. */
class Stage implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly diary: string[] = [];
  readonly file: ServicesFile;
  readonly followed: FollowedFile;
  /** Called with the content of each read before it is answered. */
  onRead: (count: number) => Promise<void> = async () => {};
  /** What the system says of a change in the folder. */
  tell: (name: string | null) => void = () => {};
  watchers = 0;
  /** How many there have been. */
  watched = 0;

  private constructor(file: ServicesFile, watches: boolean) {
    this.file = file;
    let reads = 0;
    this.followed = new FollowedFile(file.path, {
      clock: this.clock,
      pollMs: 3_000,
      read: async () => {
        reads += 1;
        const nth = reads;
        await this.onRead(nth);
        return () => this.diary.push(`believed ${nth}`);
      },
      unchanged: () => this.diary.push("unchanged"),
      watchFolder: (_, onChange) => {
        if (!watches) throw new Error("ENOSPC: no watcher left");
        this.watchers += 1;
        this.watched += 1;
        this.tell = onChange;
        return { close: () => this.watchers-- };
      },
    });
    this.followed.start();
  }

  static async make(watches: boolean): Promise<Stage> {
    const stage = new Stage(await ServicesFile.make("{}"), watches);
    await untilResting(stage.clock);
    return stage;
  }

  pass(ms: number): Promise<void> {
    return passTime(this.clock, ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.followed.close();
    await this.file[Symbol.asyncDispose]();
  }
}

describe("a followed file", () => {
  test("is looked at now and then where the system tells of nothing", async () => {
    await using stage = await Stage.make(false);
    expect(stage.diary).toEqual(["believed 1"]);
    await stage.pass(6_500);
    expect(stage.diary).toEqual(["believed 1", "unchanged", "unchanged"]);
    await stage.file.replace("orders: []");
    await stage.pass(3_000);
    expect(stage.diary).toEqual(["believed 1", "unchanged", "unchanged", "believed 2"]);
  });

  test("is read as soon as the system tells of it, even where nothing else shows a change", async () => {
    await using stage = await Stage.make(true);
    stage.tell("services.yaml");
    await stage.pass(100);
    stage.tell("..data");
    await stage.pass(100);
    stage.tell(null);
    await stage.pass(100);
    stage.tell("another.yaml");
    await stage.pass(100);
    expect(stage.diary.filter((line) => line.startsWith("believed"))).toHaveLength(4);
  });

  test("that changes while it is read is not believed, and read again", async () => {
    await using stage = await Stage.make(false);
    stage.onRead = async (count) => {
      if (count < 5) await writeFile(stage.file.path, "x".repeat(count));
    };
    await stage.file.replace("orders: []");
    await stage.pass(4_000);
    expect(stage.diary).toEqual(["believed 1", "believed 5"]);
  });

  test("that never stands still is believed in the end", async () => {
    await using stage = await Stage.make(false);
    stage.onRead = (count) => writeFile(stage.file.path, "x".repeat(count));
    await stage.file.replace("orders: []");
    await stage.pass(5_500);
    expect(stage.diary).toEqual(["believed 1", expect.stringMatching(/^believed \d\d$/)]);
  });

  test("is found again in a folder that has taken the place of its own", async () => {
    await using stage = await Stage.make(true);
    await rm(stage.file.folder, { recursive: true });
    await stage.pass(3_100);
    await mkdir(stage.file.folder);
    await writeFile(stage.file.path, "{}");
    await stage.pass(3_100);
    expect(stage.diary).toEqual(["believed 1", "believed 2", "believed 3"]);
    expect([stage.watched, stage.watchers]).toEqual([3, 1]);
  });

  test("leaves no timer and no watcher behind", async () => {
    await using file = await ServicesFile.make("{}");
    const clock = new CountingClock();
    let watchers = 0;
    const followed = new FollowedFile(file.path, {
      clock,
      pollMs: 3_000,
      read: async () => () => {},
      unchanged: () => {},
      watchFolder: () => {
        watchers += 1;
        return { close: () => watchers-- };
      },
    });
    followed.start();
    await Promise.all([followed.close(), followed.close()]);
    expect([clock.running, watchers]).toEqual([0, 0]);
  });
});
