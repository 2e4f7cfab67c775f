import { preface, Type } from "../../support/http2/constants.js";
import { data, headers } from "../../support/http2/frames.js";
import { echoRequest, requestFields } from "../../support/http2/grpc.js";
import { mutate } from "../exchange/mutate.js";
import { loadRecordings } from "../exchange/recording.js";
import { outcomeOf } from "../exchange/said.js";
import { ServerScene } from "../exchange/server-scene.js";
import { eventually, turns } from "../exchange/turns.js";
import { bytesOf } from "../input.js";
import { promise, type Target } from "../target.js";
import { readFrames, writeFrame } from "../wire/raw-frame.js";
import { toNextFrame } from "../wire/unfinished.js";

/** What clients have said to servers: behind the preface, which belongs to the door, and without their farewells. */
const said = loadRecordings().map(({ client }) => {
  const { frames } = readFrames(client.subarray(preface.length));
  return Buffer.concat(frames.filter(({ type }) => type !== Type.GOAWAY).map(writeFrame));
});

/** A status no decent handler gives: the probe's own. */
const probeCode = 9;

/**
 * A server is sent what clients have said, mutated. Whatever comes: no fault of it is seen outside, its handlers end with
 * the connection, which says why it ends; and where it stands, the next call on it is served.
 */
export const server: Target = {
  name: "server",
  share: 20,
  generate: (dice) => mutate(dice, dice.pick(said), dice.pick(said)),
  async check(input) {
    const scene = new ServerScene();
    await scene.play(input);
    const outcome = await probe(scene, bytesOf(input));
    await scene.end();
    return outcome;
  },
};

/** One call more, on a stream of its own. */
async function probe(scene: ServerScene, sent: Buffer): Promise<string> {
  const { socket, connection } = scene;
  socket.drain();
  await turns(1);
  const before = scene.said();
  const outcome = outcomeOf(before);
  promise(
    before.dataBytes <= 65_535 + grantedBytes(sent),
    "more data was sent than the window of the connection allows",
  );
  if (connection.over || before.goaway !== undefined) return outcome;
  const { rest, lastId } = toNextFrame(sent);
  if (rest > 0) socket.receive(Buffer.alloc(rest));
  const id = (lastId | 1) + 2;
  if (connection.over || id > 2 ** 31 - 1) return outcome;
  const request = data(id, echoRequest({ failCode: probeCode }), { end: true });
  socket.receive(Buffer.concat([headers(id, requestFields()), request]));
  let after = before;
  const answered = await eventually(() => {
    after = scene.said();
    return after.goaway !== undefined || after.headers.has(id) || after.resets.has(id);
  });
  promise(answered, "a call on a fresh stream gets no answer");
  if (after.goaway !== undefined && !after.headers.has(id)) return outcomeOf(after);
  const status = after.headers.get(id)?.[0]?.find(([name]) => name === "grpc-status")?.[1];
  promise(status === String(probeCode), `a call on a fresh stream is answered with ${status ?? "no status"}`);
  return outcome;
}

/** What was granted for the whole connection, if every frame of it was heard. */
function grantedBytes(sent: Buffer): number {
  const grants = readFrames(sent).frames.filter(
    ({ type, payload }) => type === Type.WINDOW_UPDATE && payload.length === 4,
  );
  const ours = grants.filter(({ streamId }) => (streamId & 0x7fffffff) === 0);
  return ours.reduce((sum, { payload }) => sum + (payload.readUInt32BE() & 0x7fffffff), 0);
}
