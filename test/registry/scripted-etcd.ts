import { EventEmitter } from "node:events";
import type { IEvent, IRangeResponse, IResponseHeader, IWatchRequest, IWatchResponse } from "etcd3";
import { Code, RpcError } from "../../src/errors/errors.js";
import type { EtcdApi, KeyRange, WatchStream } from "../../src/registry/etcd/api.js";

export function header(revision: number, changes: Partial<IResponseHeader> = {}): IResponseHeader {
  return { cluster_id: "1", member_id: "1", revision: String(revision), raft_term: "5", ...changes };
}

/** `a=1@5` was put in revision 5, `a@5` deleted. */
export function event(said: string): IEvent {
  const [what = "", revision = ""] = said.split("@");
  const [key = "", value] = what.split("=");
  const kv = {
    key: Buffer.from(key),
    value: Buffer.from(value ?? ""),
    create_revision: "0",
    mod_revision: revision,
    version: "0",
    lease: "0",
  };
  return { type: value === undefined ? "Delete" : "Put", kv, prev_kv: kv };
}

/** A watch stream whose other end is the test. */
export class ScriptedStream extends EventEmitter {
  readonly written: IWatchRequest[] = [];
  cancelled = false;

  write(request: IWatchRequest): void {
    this.written.push(request);
  }

  end(): void {}

  cancel(): void {
    this.cancelled = true;
  }

  /** Watches that were asked for: `3: orders from 7`; probes begin nowhere. */
  get creates(): readonly string[] {
    return this.written.flatMap(({ create_request: create }) =>
      create === undefined ? [] : [`${create.watch_id}: ${create.key} from ${create.start_revision ?? "now"}`],
    );
  }

  get cancels(): readonly string[] {
    return this.written.flatMap(({ cancel_request: cancel }) => (cancel === undefined ? [] : [`${cancel.watch_id}`]));
  }

  says(id: number | string, response: Partial<IWatchResponse>): void {
    const usual = { created: false, canceled: false, compact_revision: "0", cancel_reason: "", fragment: false };
    this.emit("data", { header: header(1), ...usual, events: [], watch_id: String(id), ...response });
  }

  created(id: number | string, revision = 1): void {
    this.says(id, { created: true, header: header(revision) });
  }

  happens(id: number, ...events: readonly string[]): void {
    this.says(id, { events: events.map(event) });
  }

  breaks(): void {
    this.emit("error", new Error("connection reset"));
  }
}

/** etcd as far as watches see it; it answers what the test says. */
export class ScriptedEtcd implements EtcdApi {
  readonly streams: ScriptedStream[] = [];
  readonly suspicions: string[] = [];
  /** What every list says; or what asking fails with. */
  lists: () => IRangeResponse | Promise<IRangeResponse> = () => list(1);
  opens: () => Promise<void> = async () => {};
  asked = 0;

  get stream(): ScriptedStream {
    const latest = this.streams.at(-1);
    if (latest === undefined) throw new Error("no stream has been opened");
    return latest;
  }

  async range(_range: KeyRange): Promise<IRangeResponse> {
    this.asked += 1;
    return await this.lists();
  }

  async watch(): Promise<WatchStream> {
    await this.opens();
    const stream = new ScriptedStream();
    this.streams.push(stream);
    return stream as unknown as WatchStream;
  }

  failure(reason: unknown): RpcError {
    return reason instanceof RpcError ? reason : unavailable(String(reason));
  }

  suspect(why: string): void {
    this.suspicions.push(why);
  }

  untilBack(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  }

  txn(): never {
    throw new Error("a watch writes nothing");
  }

  grant(): never {
    return this.txn();
  }

  revoke(): never {
    return this.txn();
  }

  isAlive(): never {
    return this.txn();
  }

  keepAlive(): never {
    return this.txn();
  }
}

export function unavailable(why: string): RpcError {
  return new RpcError(Code.UNAVAILABLE, `etcd: ${why}`);
}

/** @param entries `a=1` */
export function list(revision: number, ...entries: readonly string[]): IRangeResponse {
  const kvs = entries.map((entry) => event(`${entry}@${revision}`).kv);
  return { header: header(revision), kvs, more: false, count: String(kvs.length) };
}
