import type { Socket } from "node:net";
import { connectionPreface } from "../frames/frames.js";
import { recognise, type Speech } from "./speech.js";

/**
 * Reads so much of a new connection as is needed to know what it speaks. The preface of HTTP/2 is taken away, anything
 * else is put back. Calls back once, unless the socket is closed before.
 */
export function greet(socket: Socket, onSpeech: (speech: Speech) => void): void {
  let heard: Buffer = Buffer.alloc(0);
  const listen = (): void => {
    const bytes: Buffer | null = socket.read();
    if (bytes === null) return;
    heard = heard.length === 0 ? bytes : Buffer.concat([heard, bytes]);
    const speech = recognise(heard);
    if (speech === undefined) return;
    socket.off("readable", listen);
    const rest = speech === "http2" ? heard.subarray(connectionPreface.length) : heard;
    if (rest.length > 0) socket.unshift(rest);
    onSpeech(speech);
  };
  socket.on("readable", listen);
}
