import type { MemoryListener } from "./listener.js";

/** Who listens under which name. */
export class MemoryNetwork {
  readonly #listeners = new Map<string, MemoryListener>();
  readonly #followers = new Map<string, Set<() => void>>();

  find(host: string): MemoryListener | undefined {
    return this.#listeners.get(host);
  }

  join(host: string, listener: MemoryListener): void {
    this.#listeners.set(host, listener);
    this.changed(host);
  }

  leave(host: string): void {
    this.#listeners.delete(host);
    this.changed(host);
  }

  /** Somebody came, left, or takes no more calls. */
  changed(host: string): void {
    for (const follower of [...(this.#followers.get(host) ?? [])]) follower();
  }

  /** Returns what ends it. */
  follow(host: string, follower: () => void): () => void {
    const followers = this.#followers.get(host) ?? new Set();
    this.#followers.set(host, followers.add(follower));
    return () => {
      followers.delete(follower);
      if (followers.size === 0 && this.#followers.get(host) === followers) this.#followers.delete(host);
    };
  }
}
