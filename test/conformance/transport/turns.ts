import { expect } from "vitest";
import { Moment } from "../../support/moment.js";
import type { Story } from "./story.js";
import { untilStill } from "./until-still.js";

const total = 20_000;

/** Reads on what is all there. Resolves with how many had been read when a timer fired that was set before. */
async function readOn(messages: AsyncIterator<unknown>): Promise<number> {
  const fired = new Moment<number>();
  let read = 1;
  setImmediate(() => fired.now(read));
  while ((await messages.next()).done !== true) read++;
  expect(read).toBe(total);
  return fired.promise;
}

/** A stream that never has to wait holds up nobody else in the process. */
export function turns(story: Story): void {
  story("a timer fires while responses are read that are all there", async (stage) => {
    let made = 0;
    const { client } = await stage.play({
      *serverStream() {
        for (made = 0; made < total; made++) yield {};
      },
      async *bidi() {
        for (made = 0; made < total; made++) yield {};
      },
    });
    for (const call of [() => client.serverStream({}), () => client.bidi([])]) {
      const responses = call()[Symbol.asyncIterator]();
      await responses.next();
      await untilStill(() => made);
      expect(await readOn(responses)).toBeLessThan(total);
    }
  });

  story("a timer fires while requests are read that are all there", async (stage) => {
    let made = 0;
    let firedAt = total;
    const { client } = await stage.play({
      clientStream: async (stream) => {
        const requests = stream[Symbol.asyncIterator]();
        await requests.next();
        await untilStill(() => made);
        firedAt = await readOn(requests);
        return {};
      },
    });
    function* plain() {
      for (made = 0; made < total; made++) yield {};
    }
    async function* asynchronous() {
      yield* plain();
    }
    for (const requests of [plain(), asynchronous()]) {
      await client.clientStream(requests);
      expect(firedAt).toBeLessThan(total);
    }
  });
}
