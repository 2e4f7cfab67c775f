import type { Instance } from "../../contract/contract.js";
import type { Snapshot } from "../registry.js";

interface Member {
  heard: Snapshot | undefined;
  /** Whom a stale registry still names, and another has seen leave meanwhile. */
  readonly left: Set<string>;
}

/**
 * What several registries say of one service, as one set.
 *
 * An instance is there while one of them has it. Of several that have it, those count first that are not away, then those
 * that are listed first. What a registry knew when it went away stays, but for whoever another registry has had and lost
 * since: a registry that is gone for good must not keep alive who has left.
 */
export class Union {
  readonly #members: readonly Member[];

  constructor(count: number) {
    this.#members = Array.from({ length: count }, () => ({ heard: undefined, left: new Set<string>() }));
  }

  get someHeard(): boolean {
    return this.#members.some(({ heard }) => heard !== undefined);
  }

  get allHeard(): boolean {
    return this.#members.every(({ heard }) => heard !== undefined);
  }

  /** One registry away does not make the set stale; all of them do. */
  get stale(): boolean {
    return this.#members.every(({ heard }) => heard?.stale !== false);
  }

  hear(index: number, snapshot: Snapshot): void {
    const member = this.#members[index] as Member;
    if (!snapshot.stale) {
      member.left.clear();
      const now = new Set(snapshot.instances.map(({ id }) => id));
      const gone = (member.heard?.instances ?? []).filter(({ id }) => !now.has(id));
      for (const other of this.#members) if (other.heard?.stale) for (const { id } of gone) other.left.add(id);
    }
    member.heard = snapshot;
  }

  instances(): readonly Instance[] {
    const byId = new Map<string, Instance>();
    for (const stale of [false, true]) {
      for (const { heard, left } of this.#members) {
        if (heard?.stale !== stale) continue;
        for (const each of heard.instances) if (!byId.has(each.id) && !left.has(each.id)) byId.set(each.id, each);
      }
    }
    return [...byId.values()];
  }
}
