import type { IEvent, IKeyValue, IWatchCreateRequest, IWatchRequest, IWatchResponse } from "etcd3";
import type { KeyRange } from "../../../src/registry/etcd/api.js";
import type { Timer } from "../../../src/time/time.js";
import type { MvccStore } from "./mvcc-store.js";

/** What a watch stream needs of the etcd it is served by. */
export interface WatchHost {
  readonly store: MvccStore;
  readonly random: () => number;
  readonly progressMs: number;
  /** As etcd before 3.4.25 and 3.5.8: asked how far it is, it answers before it has told all that was up to there. */
  readonly hastyProgress: boolean;
  /** Something was not told, and nobody can know. */
  hide(): void;
  /** When etcd is awake, and does not end before. */
  later(ms: number, work: () => void): Timer;
}

interface Watcher {
  readonly id: string;
  readonly range: KeyRange;
  readonly withBefore: boolean;
  readonly fragment: boolean;
  readonly notify: boolean;
  /** The first revision that has not been looked at yet. */
  next: number;
  /** Hears of everything when it happens; who is not reads what has happened since `next`. */
  synced: boolean;
  /** It was told at once, and could not take it as fast. */
  fellBehind: boolean;
  pending: (readonly IEvent[])[];
  quiet: boolean;
}

/** etcd's side of one watch stream, which carries any number of watches. */
export class WatchServer {
  readonly #host: WatchHost;
  readonly #send: (response: IWatchResponse) => void;
  readonly #watchers = new Map<string, Watcher>();
  #nextId = 0;
  #progressWanted = false;
  #open = true;

  constructor(host: WatchHost, send: (response: IWatchResponse) => void) {
    this.#host = host;
    this.#send = send;
  }

  get watches(): number {
    return this.#watchers.size;
  }

  /** @param permitted whether the token it came with is still good */
  receive({ create_request, cancel_request, progress_request }: IWatchRequest, permitted: boolean): void {
    if (create_request !== undefined) this.#create(create_request, permitted);
    if (cancel_request !== undefined) this.#cancel(String(cancel_request.watch_id));
    if (progress_request !== undefined) this.#progress();
  }

  committed(revision: number): void {
    for (const watcher of this.#watchers.values()) {
      if (!watcher.synced || revision < watcher.next) continue;
      const events = this.#host.store.happened(revision, watcher.range);
      watcher.next = revision + 1;
      if (events.length === 0) continue;
      watcher.pending.push(events);
      if (this.#host.random() < 0.02) this.#fallBehind(watcher);
      else if (watcher.pending.length === 1) this.#soon(() => this.#flush(watcher));
    }
  }

  close(): void {
    this.#open = false;
    this.#watchers.clear();
  }

  #create(request: IWatchCreateRequest, permitted: boolean): void {
    const { store } = this.#host;
    const asked = String(request.watch_id ?? "0");
    if (!permitted) {
      const cancel_reason = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";
      this.#answer(asked, { created: true, canceled: true, cancel_reason });
      return;
    }
    if (this.#watchers.has(asked) && asked !== "0") {
      const cancel_reason = "mvcc: duplicate watch ID provided on the WatchStream";
      this.#answer("-1", { created: true, canceled: true, cancel_reason });
      return;
    }
    while (this.#watchers.has(String(this.#nextId))) this.#nextId += 1;
    const start = Number(request.start_revision ?? 0);
    const watcher: Watcher = {
      id: asked === "0" ? String(this.#nextId++) : asked,
      range: request as KeyRange,
      withBefore: request.prev_kv ?? false,
      fragment: request.fragment ?? false,
      notify: request.progress_notify ?? false,
      next: start > 0 ? start : store.revision + 1,
      synced: start <= 0 || start > store.revision,
      fellBehind: false,
      pending: [],
      quiet: true,
    };
    this.#watchers.set(watcher.id, watcher);
    this.#answer(watcher.id, { created: true });
    if (!watcher.synced) this.#soon(() => this.#catchUp(watcher));
    if (watcher.notify) this.#notifyLater(watcher);
  }

  #cancel(id: string): void {
    if (this.#watchers.delete(id)) this.#answer(id, { canceled: true });
  }

  #progress(): void {
    this.#progressWanted = true;
    if (this.#host.hastyProgress) this.#answerProgress();
    else this.#progressIfSynced();
  }

  #progressIfSynced(): void {
    if (!this.#progressWanted) return;
    for (const watcher of this.#watchers.values()) {
      if (!watcher.synced) return;
      this.#flush(watcher);
    }
    this.#answerProgress();
  }

  #answerProgress(): void {
    this.#progressWanted = false;
    this.#answer("-1", {});
  }

  /** A watcher that cannot be told as fast as things happen reads them later, unless they have been compacted. */
  #fallBehind(watcher: Watcher): void {
    watcher.next = Number(watcher.pending[0]![0]!.kv.mod_revision);
    watcher.pending = [];
    watcher.synced = false;
    watcher.fellBehind = true;
    this.#host.later(2_000 * this.#host.random(), () => this.#catchUp(watcher));
  }

  #catchUp(watcher: Watcher): void {
    if (!this.#stands(watcher) || watcher.synced) return;
    const { store, random } = this.#host;
    if (watcher.next < store.compacted) {
      this.#watchers.delete(watcher.id);
      this.#answer(watcher.id, { canceled: true, compact_revision: String(store.compacted) }, 0);
      return;
    }
    const batch = random() < 0.5 ? 1_000 : 1 + Math.floor(5 * random());
    const found: (readonly IEvent[])[] = [];
    while (watcher.next <= store.revision && found.length < batch) {
      const events = store.recorded(watcher.next, watcher.range);
      const hidden = store.happened(watcher.next, watcher.range).length > events.length;
      if (hidden && watcher.fellBehind) this.#host.hide();
      watcher.next += 1;
      if (events.length > 0) found.push(events);
    }
    this.#tell(watcher, found.flat());
    watcher.synced = watcher.next > store.revision;
    if (watcher.synced) this.#progressIfSynced();
    else this.#soon(() => this.#catchUp(watcher));
  }

  #flush(watcher: Watcher): void {
    if (!this.#stands(watcher)) return;
    const { pending } = watcher;
    watcher.pending = [];
    if (this.#host.random() < 0.5) this.#tell(watcher, pending.flat());
    else for (const events of pending) this.#tell(watcher, events);
  }

  /** Never part of a revision, but for watchers that say they can put fragments together. */
  #tell(watcher: Watcher, events: readonly IEvent[]): void {
    if (events.length === 0) return;
    watcher.quiet = false;
    const shown = events.map((event) => ({
      ...event,
      prev_kv: (watcher.withBefore ? event.prev_kv : undefined) ?? (null as unknown as IKeyValue),
    }));
    const fragments = watcher.fragment && shown.length > 1 && this.#host.random() < 0.5;
    const size = fragments ? 1 + Math.floor((shown.length - 1) * this.#host.random()) : shown.length;
    for (let from = 0; from < shown.length; from += size) {
      this.#answer(watcher.id, { events: shown.slice(from, from + size), fragment: from + size < shown.length });
    }
  }

  #notifyLater(watcher: Watcher): void {
    const { progressMs, random } = this.#host;
    this.#host.later(progressMs * (1 + 0.1 * random()), () => {
      if (!this.#stands(watcher)) return;
      if (watcher.quiet && watcher.synced) {
        this.#flush(watcher);
        this.#answer(watcher.id, {});
      }
      watcher.quiet = true;
      this.#notifyLater(watcher);
    });
  }

  /** Whatever it is about, an answer says the revision that etcd is at. */
  #answer(watch_id: string, said: Partial<IWatchResponse>, revision?: number): void {
    this.#send({
      header: this.#host.store.header(revision),
      watch_id,
      created: false,
      canceled: false,
      compact_revision: "0",
      cancel_reason: "",
      fragment: false,
      events: [],
      ...said,
    });
  }

  #stands(watcher: Watcher): boolean {
    return this.#open && this.#watchers.get(watcher.id) === watcher;
  }

  #soon(work: () => void): void {
    const { random } = this.#host;
    this.#host.later(random() < 0.7 ? 0 : 20 * random(), work);
  }
}
