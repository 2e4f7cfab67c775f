import type { IEvent, IWatchCreateRequest, IWatchResponse } from "etcd3";
import type { KeyRange, WatchStream } from "../api.js";
import { isTokenRefused } from "../connection/failures.js";

/** Somebody who follows a range of keys over the shared stream. */
export interface Subscriber {
  readonly range: KeyRange;
  /** With which revision to begin; asked whenever the watch begins, anew too. */
  from(): bigint;
  /** All that etcd says of this watch, each response in one piece. What it throws ends the watch. */
  receive(response: IWatchResponse): void;
  /** etcd lives, and all it has said of this watch so far has been received. */
  alive(): void;
  /** The stream is gone, or cannot be had. Another is being opened, and the watch goes on from `from()` there. */
  away(): void;
}

interface Carried {
  readonly subscriber: Subscriber;
  begun: boolean;
  /** Of a response that has not come to its end. */
  events: IEvent[];
}

/** etcd 3.5 and newer say so of a watch they refuse: then it is the oldest that has not been answered. */
const nobody = "-1";

/** One watch stream and the watches on it, each with an id of its own. */
export class WatchLink {
  readonly #stream: WatchStream;
  readonly #cancelled: (subscriber: Subscriber, reason: Error) => void;
  readonly #carried = new Map<string, Carried>();
  readonly #ids = new Map<Subscriber, string>();
  /** Asked for and not answered yet, oldest first; etcd answers in this order. */
  readonly #unanswered = new Set<string>();
  /** Those of them that only ask for a sign of life. */
  readonly #probes = new Set<string>();
  /** Those whose watch was refused on this stream before. */
  readonly #refused = new WeakSet<Subscriber>();
  #lastId = 0;

  /** @param cancelled is told of a watch that has ended by itself */
  constructor(stream: WatchStream, cancelled: (subscriber: Subscriber, reason: Error) => void) {
    this.#stream = stream;
    this.#cancelled = cancelled;
  }

  begin(subscriber: Subscriber): void {
    const id = this.#nextId();
    const { range } = subscriber;
    this.#carried.set(id, { subscriber, begun: false, events: [] });
    this.#ids.set(subscriber, id);
    this.#create(id, { ...range, start_revision: String(subscriber.from()), progress_notify: true, fragment: true });
  }

  /** What comes for it after that is dropped. */
  end(subscriber: Subscriber): void {
    const id = this.#ids.get(subscriber);
    if (id === undefined) return;
    this.#forget(id, subscriber);
    this.#stream.write({ cancel_request: { watch_id: id } });
  }

  /**
   * Asks for a sign of life: a watch that is cancelled at once. The request for progress that is made for this gets no
   * answer from etcd 3.5.8 and newer while one watch of the stream is behind, nor from 3.6 while one begins in the
   * future, as on a member that lags behind (`progressIfSync` in etcd's `watchable_store.go`); and before 3.5.8 its
   * revision may be ahead of what has been delivered (etcd issue 15220).
   */
  probe(): void {
    const [some] = this.#carried.values();
    if (some === undefined) return;
    const id = this.#nextId();
    this.#probes.add(id);
    this.#create(id, some.subscriber.range);
    this.#stream.write({ cancel_request: { watch_id: id } });
  }

  /** @throws Error where etcd refuses this stream's token: another stream gets another */
  receive(response: IWatchResponse): void {
    const { created, canceled, cancel_reason } = response;
    const id = this.#idOf(response);
    if (created) this.#unanswered.delete(id);
    if (created && this.#probes.delete(id)) {
      this.#alive();
      return;
    }
    const carried = this.#carried.get(id);
    if (carried === undefined) return;
    if (created && canceled) this.#refuse(id, carried, cancel_reason || "it gave no reason");
    else if (canceled) this.#lose(id, carried, new Error(reasonOfCancel(response)));
    else this.#pass(id, carried, response);
  }

  #nextId(): string {
    this.#lastId += 1;
    return String(this.#lastId);
  }

  #create(id: string, request: IWatchCreateRequest): void {
    this.#unanswered.add(id);
    this.#stream.write({ create_request: { ...request, watch_id: id } });
  }

  #idOf({ watch_id, created }: IWatchResponse): string {
    if (watch_id !== nobody || !created) return watch_id;
    const [oldest] = this.#unanswered;
    return oldest ?? watch_id;
  }

  #pass(id: string, carried: Carried, response: IWatchResponse): void {
    for (const event of response.events) carried.events.push(event);
    if (response.fragment) return;
    const { events } = carried;
    carried.events = [];
    carried.begun ||= response.created;
    try {
      carried.subscriber.receive({ ...response, events });
    } catch (reason) {
      this.#stream.write({ cancel_request: { watch_id: id } });
      this.#lose(id, carried, reason as Error);
    }
  }

  /**
   * It may be the range, which may have been forbidden meanwhile, or the token, and not every etcd says which. A list finds
   * out: whoever follows nothing any more lists first, so who is refused again may read the range, and it is the token.
   */
  #refuse(id: string, carried: Carried, why: string): void {
    const reason = new Error(`etcd refused a watch: ${why}`);
    if (isTokenRefused(reason) || this.#refused.has(carried.subscriber)) throw reason;
    this.#refused.add(carried.subscriber);
    this.#lose(id, carried, reason);
  }

  #alive(): void {
    for (const { subscriber, begun, events } of [...this.#carried.values()]) {
      if (begun && events.length === 0) subscriber.alive();
    }
  }

  #lose(id: string, { subscriber }: Carried, reason: Error): void {
    this.#forget(id, subscriber);
    this.#cancelled(subscriber, reason);
  }

  #forget(id: string, subscriber: Subscriber): void {
    this.#carried.delete(id);
    this.#ids.delete(subscriber);
  }
}

function reasonOfCancel({ compact_revision, cancel_reason }: IWatchResponse): string {
  if (compact_revision !== "0") return `what followed has been compacted up to revision ${compact_revision}`;
  return `etcd cancelled it: ${cancel_reason || "it gave no reason"}`;
}
