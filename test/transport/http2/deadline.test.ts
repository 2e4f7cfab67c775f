import { describe, expect, test } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { rpcFailure } from "../../support/collect.js";
import { Ambush, requestOn } from "../../support/http2/ambush.js";
import { ErrorCode } from "../../support/http2/constants.js";
import { reset } from "../../support/http2/frames.js";
import { ManualClock } from "../../support/manual-clock.js";

describe("a server that resets a call with CANCEL", () => {
  test.each([
    ["after its deadline has passed, but before our timer fired, lets it fail with", 1000, Code.DEADLINE_EXCEEDED],
    ["before its deadline cancels it:", 999, Code.CANCELLED],
  ])("%s (%i of 1000 ms) code %i", async (_story, laterMs, code) => {
    const manual = new ManualClock();
    let passedMs = 0;
    const clock = {
      now: () => manual.now() + passedMs,
      timer: (delayMs: number, fire: () => void) => manual.timer(delayMs, fire),
    };
    const ambush = await Ambush.lay({ clock });
    const deadline = clock.now() + 1000;
    const outcome = rpcFailure(ambush.client.unary({}, { deadline }));
    const server = await ambush.accept();
    const { id } = await requestOn(server);
    passedMs = laterMs;
    server.write(reset(id, ErrorCode.CANCEL));
    expect(await outcome).toMatchObject({ code, remote: false, unprocessed: false });
  });
});
