import type { Method } from "../../../src/contract/contract.js";
import { wholeAnswer } from "../../support/http2/grpc.js";
import { ClientScene } from "../exchange/client-scene.js";
import { echoMethods } from "../exchange/echo-router.js";
import { mutate } from "../exchange/mutate.js";
import { loadRecordings } from "../exchange/recording.js";
import { outcomeOf } from "../exchange/said.js";
import { eventually, turns } from "../exchange/turns.js";
import { bytesOf } from "../input.js";
import { promise, type Target } from "../target.js";
import { toNextFrame } from "../wire/unfinished.js";

const recordings = loadRecordings();
const methods = [...echoMethods.values()];
const mostCalls = 12;

/**
 * A client is sent what servers have said, mutated, while it makes the calls they were said to: the first step of an input
 * names them, a byte a method. Whatever comes, every call ends once; and where the connection stands, one more is answered.
 */
export const client: Target = {
  name: "client",
  share: 13,
  generate(dice) {
    const { calls, server } = dice.pick(recordings);
    const numbers = calls.map((path) => (dice.chance(0.9) ? indexOf(path) : dice.int(methods.length)));
    return [Buffer.from(numbers.slice(0, mostCalls)), ...mutate(dice, server, dice.pick(recordings).server)];
  },
  async check([first, ...input]) {
    const numbers = Buffer.isBuffer(first) ? [...first].slice(0, mostCalls) : [];
    const scene = new ClientScene(numbers.map(methodOf));
    await scene.play(input);
    const outcome = await probe(scene, bytesOf(input));
    await scene.end();
    return outcome;
  },
};

function indexOf(path: string): number {
  const index = methods.findIndex((method) => method.path === path);
  return Math.max(0, index);
}

function methodOf(number: number): Method {
  return methods[number % methods.length] as Method;
}

/** One call more, answered as it should be. */
async function probe(scene: ClientScene, sent: Buffer): Promise<string> {
  const { socket, connection } = scene;
  socket.drain();
  await turns(1);
  const outcome = outcomeOf(scene.said());
  const { rest } = toNextFrame(sent);
  if (rest > 0) socket.receive(Buffer.alloc(rest));
  if (!connection.takesCall()) return connection.over ? outcome : `${outcome}, no room`;
  const call = scene.call(methodOf(0));
  socket.receive(wholeAnswer(2 * scene.calls.length - 1, { text: "probe" }));
  const answered = await eventually(() => call.outcome !== undefined);
  if (answered && call.outcome === "OK") return outcome;
  const ended = connection.over || outcomeOf(scene.said()) !== outcome;
  promise(ended, `a fresh call, answered well, ends with ${call.outcome ?? "nothing"}`);
  return outcome;
}
