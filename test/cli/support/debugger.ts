import { once } from "node:events";
import { request } from "node:http";
import type { Socket } from "node:net";

/**
 * Attaches to a process as a debugger does and has it evaluate something: over the WebSocket that `--inspect` tells of, whose
 * frames are made by hand, for Node 20 has no client of its own.
 *
 * @param url `ws://127.0.0.1:9229/…`
 */
export async function evaluate(url: string, expression: string): Promise<unknown> {
  const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
  const asked = request(url.replace("ws:", "http:"), {
    headers: { ...headers, "sec-websocket-key": Buffer.alloc(16).toString("base64") },
  });
  asked.end();
  const [, socket] = (await once(asked, "upgrade")) as [unknown, Socket];
  try {
    const question = { id: 1, method: "Runtime.evaluate", params: { expression, returnByValue: true } };
    socket.write(frame(JSON.stringify(question)));
    return JSON.parse(await text(socket)).result.result.value;
  } finally {
    socket.destroy();
  }
}

/** One of text, with a mask that changes nothing. */
function frame(payload: string): Buffer {
  const bytes = Buffer.from(payload);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([Buffer.from([0x81, 0xfe]), length, Buffer.alloc(4), bytes]);
}

/** Of the first frame that comes, which is a short one. */
async function text(socket: Socket): Promise<string> {
  let read = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    read = Buffer.concat([read, chunk as Buffer]);
    const length = read[1]!;
    if (read.length >= 2 + length) return read.subarray(2, 2 + length).toString();
  }
  throw new Error("the debugger's connection ended");
}
