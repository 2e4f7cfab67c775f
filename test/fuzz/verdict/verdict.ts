import { errorName, Flag, Type } from "../../support/http2/constants.js";
import { readFrames } from "../wire/raw-frame.js";

/** What a server made of one stream. */
export interface StreamVerdict {
  /** Name, value, name, value …; undefined where no request was told. */
  readonly fields: readonly string[] | undefined;
  readonly body: string;
  readonly ended: boolean;
  /** What it reset the stream for. */
  readonly reset: string | undefined;
}

/** What a server made of all that was sent over one connection. */
export interface Verdict {
  /** Why it ended the connection; undefined where it stands. */
  readonly connectionError: string | undefined;
  readonly streams: ReadonlyMap<number, StreamVerdict>;
}

/** What a server tells of the requests on one connection. */
export class Requests {
  readonly byStream: Map<number, { fields: readonly string[]; body: Buffer[]; ended: boolean }> = new Map();

  begin(id: number, fields: readonly string[], ended: boolean): void {
    this.byStream.set(id, { fields, body: [], ended });
  }

  data(id: number, bytes: Buffer): void {
    this.byStream.get(id)?.body.push(Buffer.from(bytes));
  }

  end(id: number): void {
    const request = this.byStream.get(id);
    if (request !== undefined) request.ended = true;
  }
}

/** What a server said over a connection that is over or has answered a last PING. */
export interface Answers {
  readonly pinged: boolean;
  readonly goaway: string | undefined;
  readonly resets: ReadonlyMap<number, string>;
}

export function readAnswers(bytes: Buffer, ping: Buffer): Answers {
  const resets = new Map<number, string>();
  let goaway: string | undefined;
  let pinged = false;
  for (const { type, flags, streamId, payload } of readFrames(bytes).frames) {
    if (type === Type.PING && (flags & Flag.ACK) !== 0 && payload.equals(ping)) pinged = true;
    if (type === Type.RST_STREAM) resets.set(streamId, String(errorName(payload.readUInt32BE())));
    if (type === Type.GOAWAY && payload.readUInt32BE(4) !== 0) goaway = String(errorName(payload.readUInt32BE(4)));
  }
  return { pinged, goaway, resets };
}

export function verdictOf(requests: Requests, { pinged, goaway, resets }: Answers): Verdict {
  const streams = new Map<number, StreamVerdict>();
  for (const id of new Set([...requests.byStream.keys(), ...resets.keys()])) {
    const request = requests.byStream.get(id);
    streams.set(id, {
      fields: request?.fields,
      body: Buffer.concat(request?.body ?? []).toString("hex"),
      ended: request?.ended ?? false,
      reset: resets.get(id),
    });
  }
  return { connectionError: goaway ?? (pinged ? undefined : "closed"), streams };
}

/** Where two verdicts are not of one class; undefined where they are. */
export function difference(ours: Verdict, theirs: Verdict): string | undefined {
  if ((ours.connectionError === undefined) !== (theirs.connectionError === undefined)) {
    return `connection: ours ${ours.connectionError ?? "stands"}, theirs ${theirs.connectionError ?? "stands"}`;
  }
  if (ours.connectionError !== undefined) return undefined;
  for (const id of new Set([...ours.streams.keys(), ...theirs.streams.keys()])) {
    const [a, b] = [ours.streams.get(id), theirs.streams.get(id)];
    const [wordA, wordB] = [wordOf(a), wordOf(b)];
    if (wordA !== wordB) return `stream: ours ${wordA}, theirs ${wordB}`;
    if (a === undefined || b === undefined || a.reset !== undefined) continue;
    if (a.fields?.join("\n") !== b.fields?.join("\n")) {
      return `fields: ours ${JSON.stringify(a.fields)}, theirs ${JSON.stringify(b.fields)}`;
    }
    if (a.body !== b.body) return `body: ours ${a.body.length / 2} bytes, theirs ${b.body.length / 2}`;
    if (a.ended !== b.ended) return `end: ours ${a.ended}, theirs ${b.ended}`;
  }
  return undefined;
}

function wordOf(verdict: StreamVerdict | undefined): string {
  if (verdict?.reset !== undefined) return `reset (${verdict.reset})`;
  return verdict?.fields === undefined ? "unheard of" : "accepted";
}
