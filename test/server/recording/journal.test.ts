import { describe, expect, it } from "vitest";
import { type Appendable, Journal } from "../../../src/server/recording/journal.js";
import { recordingLogger } from "../../registry/recording-logger.js";
import { ManualClock } from "../../support/manual-clock.js";

/** A file that keeps what it is given, once it is let. */
class SlowFile implements Appendable {
  readonly texts: string[] = [];
  closed = false;
  #letOn = (): void => {};
  readonly #open = new Promise<void>((resolve) => {
    this.#letOn = resolve;
  });

  letOn(): void {
    this.#letOn();
  }

  async append(text: string): Promise<void> {
    await this.#open;
    this.texts.push(text);
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

const entry = (line: string, bytes = 1) => ({ bytes, line: () => line });

function given(file: Appendable = new SlowFile(), maxPendingBytes = 10) {
  const logger = recordingLogger();
  const clock = new ManualClock();
  return { logger, clock, journal: new Journal({ file, maxPendingBytes, logger, clock }) };
}

describe("a journal", () => {
  it("writes entries in their order, many at once, and everything before it is closed", async () => {
    const file = new SlowFile();
    const { journal, logger } = given(file, 1000);
    const lines = Array.from({ length: 600 }, (_, number) => `${number}\n`);
    for (const line of lines) journal.add(entry(line));
    file.letOn();
    await Promise.all([journal.close(), journal.close()]);
    expect(file.texts).toEqual(
      [lines.slice(0, 256), lines.slice(256, 512), lines.slice(512)].map((each) => each.join("")),
    );
    expect(file.closed).toBe(true);
    expect(logger.lines).toEqual([]);
  });

  it("lets the call that is over go first, and makes its line a little later", async () => {
    let made = false;
    const { journal, clock } = given();
    const line = (): string => {
      made = true;
      return "";
    };
    journal.add({ bytes: 1, line });
    await clock.run(99);
    expect(made).toBe(false);
    await clock.run(1);
    expect(made).toBe(true);
  });

  it("drops what comes too fast, counts it, and says so when it begins and when it is over", async () => {
    const file = new SlowFile();
    const { journal, logger, clock } = given(file);
    journal.add(entry("a", 6));
    await clock.run(100); // on its way: no longer waiting
    for (const line of ["b", "c", "d"]) journal.add(entry(line, 6));
    expect(logger.lines).toMatchObject([{ level: "warn", message: "recording falls behind: calls are dropped" }]);
    file.letOn();
    await journal.close();
    expect(file.texts).toEqual(["a", "b"]);
    expect(logger.lines.slice(1)).toMatchObject([{ message: "calls were not recorded", fields: { dropped: 2 } }]);
  });

  it("tries no more for ten seconds where it could not write, and then again", async () => {
    const texts: string[] = [];
    let full = true;
    const file: Appendable = {
      append: async (text) => {
        if (full) throw new Error("no space left");
        texts.push(text);
      },
      close: async () => {},
    };
    const { journal, logger, clock } = given(file);
    journal.add(entry("a"));
    await clock.run(100);
    await clock.run(9_999);
    journal.add(entry("b"));
    await clock.run(1);
    expect(logger.lines).toMatchObject([{ level: "error", message: "calls cannot be recorded" }]);
    full = false;
    journal.add(entry("c"));
    await journal.close();
    expect(texts).toEqual(["c"]);
    expect(logger.lines.slice(1)).toMatchObject([{ fields: { dropped: 2 } }]);
  });

  it("takes nothing more once it is closed", async () => {
    const file = new SlowFile();
    const { journal } = given(file);
    await journal.close();
    journal.add(entry("late"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(file.texts).toEqual([]);
  });
});
