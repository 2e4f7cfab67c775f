import { deflateSync, gzipSync } from "node:zlib";
import type { Method } from "../../../src/contract/contract.js";
import { EchoRequest, EchoResponse } from "../../gen/hawser/test/v1/echo.js";
import { data, headers, settings } from "../../support/http2/frames.js";
import { okTrailer, requestFields, responseFields } from "../../support/http2/grpc.js";
import { frame as message } from "../../support/raw-grpc.js";
import type { Dice } from "../dice.js";
import { ClientScene } from "../exchange/client-scene.js";
import { echoMethods } from "../exchange/echo-router.js";
import { mutateBytes } from "../exchange/mutate.js";
import { maxMessageBytes, ServerScene } from "../exchange/server-scene.js";
import { eventually } from "../exchange/turns.js";
import type { Input } from "../input.js";
import { promise, type Target } from "../target.js";

const methods = [...echoMethods.values()];
const encodings = [undefined, "identity", "gzip", "deflate", "snappy"] as const;

/** What may come of bytes that are no messages: OK, RESOURCE_EXHAUSTED, UNIMPLEMENTED or INTERNAL. */
const decent = ["0", "8", "12", "13"];

/**
 * Messages with lies in their prefixes and garbage in their bytes, in DATA frames cut anywhere; the first step of an input
 * says to which side, which method, and how they are compressed. A call ends with a status, the same however the bytes were
 * cut, and harms no other.
 */
export const messages: Target = {
  name: "messages",
  share: 5,
  generate(dice) {
    const about = Buffer.of(dice.int(2), dice.int(methods.length), dice.int(encodings.length));
    const encoding = encodings[about[2] as number];
    const parts = Array.from({ length: dice.small(4) + (dice.chance(0.8) ? 1 : 0) }, () => anyMessage(dice, encoding));
    let body = Buffer.concat(parts);
    if (dice.chance(0.4))
      for (let times = dice.small(3); times >= 0; times--) body = Buffer.from(mutateBytes(dice, body));
    return [about, ...dice.cut(body)];
  },
  async check([about, ...steps]) {
    const [side = 0, method = 0, encoding = 0] = Buffer.isBuffer(about) ? about : [];
    const call: Spoken = {
      method: methods[method % methods.length] as Method,
      encoding: encodings[encoding % encodings.length],
    };
    const run = side % 2 === 0 ? serve : receive;
    const pieces = steps.filter((step) => typeof step !== "string");
    const status = await run(call, pieces);
    const whole = await run(call, [Buffer.concat(pieces)]);
    promise(status === whole, `cut up it ends with ${status}, in one piece with ${whole}`);
    return `${side % 2 === 0 ? "server" : "client"} ${status}`;
  },
};

interface Spoken {
  readonly method: Method;
  readonly encoding: string | undefined;
}

function anyMessage(dice: Dice, encoding: string | undefined): Buffer {
  const size = dice.chance(0.05) ? maxMessageBytes + dice.int(3) - 1 : dice.small(80);
  const fields = { text: "hi", payload: Buffer.alloc(size) };
  const plain = Buffer.from(
    dice.chance(0.5)
      ? EchoRequest.encode(EchoRequest.fromPartial(fields)).finish()
      : EchoResponse.encode(EchoResponse.fromPartial(fields)).finish(),
  );
  const compressed = dice.chance(0.6);
  const packed = encoding === "deflate" ? deflateSync(plain) : gzipSync(plain);
  const bytes = compressed ? (dice.chance(0.1) ? dice.bytes(dice.small(40)) : packed) : plain;
  const flag = dice.chance(0.05) ? dice.int(256) : compressed ? 1 : 0;
  const length = dice.chance(0.05)
    ? dice.pick([0, 1, bytes.length + 1, maxMessageBytes + 1, 2 ** 31, 2 ** 32 - 1])
    : bytes.length;
  return message(bytes, flag, length);
}

/** @returns the status a server gives */
async function serve({ method, encoding }: Spoken, pieces: readonly Buffer[]): Promise<string> {
  const scene = new ServerScene();
  const fields = requestFields(
    method.name as "Unary",
    ...(encoding === undefined ? [] : [["grpc-encoding", encoding] as const]),
  );
  await scene.play([
    settings(),
    headers(1, fields),
    ...pieces.map((piece) => data(1, piece)),
    data(1, "", { end: true }),
  ]);
  let status: string | undefined;
  await eventually(() => {
    const blocks = scene.said().headers.get(1) ?? [];
    status = blocks.at(-1)?.find(([name]) => name === "grpc-status")?.[1];
    return status !== undefined || scene.connection.over;
  });
  promise(!scene.connection.over, `a message ended the connection: ${scene.said().goaway?.text}`);
  promise(decent.includes(status ?? ""), `a call ended with ${status ?? "no status"}`);
  await scene.end();
  return status ?? "";
}

/** @returns the status a client's caller sees */
async function receive({ method, encoding }: Spoken, pieces: readonly Buffer[]): Promise<string> {
  const scene = new ClientScene([method]);
  const fields = [...responseFields, ...(encoding === undefined ? [] : [["grpc-encoding", encoding] as const])];
  const input: Input = [
    ...[settings(), headers(1, fields)],
    ...pieces.map((piece) => data(1, piece)),
    headers(1, okTrailer, { end: true }),
  ];
  await scene.play(input);
  const [call] = scene.calls;
  const ended = await eventually(() => call?.outcome !== undefined);
  promise(!scene.connection.over, `a message ended the connection: ${scene.said().goaway?.text}`);
  promise(
    ended && ["OK", ...decent].includes(call?.outcome ?? ""),
    `a call ended with ${call?.outcome ?? "no status"}`,
  );
  await scene.end();
  return call?.outcome ?? "";
}
