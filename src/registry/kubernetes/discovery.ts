import { LeftOut } from "../left-out.js";
import type { Feed } from "../service-view.js";
import type { SliceEvent } from "./api.js";
import { joined } from "./joined.js";
import { fieldsOf, textOf } from "./json.js";
import type { ResolvedKubernetesOptions } from "./options.js";
import { readSlice, type Slice, type SliceOptions } from "./slice.js";

/** The slices of one service as they are known, and the set of instances that they make. */
export class Discovery {
  readonly #feed: Feed;
  readonly #read: SliceOptions;
  readonly #leftOut: LeftOut;
  readonly #monitor: ResolvedKubernetesOptions["monitor"];
  /** By name, those that changed last at the end. */
  #slices = new Map<string, Slice>();
  #anybody = false;

  constructor(feed: Feed, options: ResolvedKubernetesOptions) {
    const { portName, scheme, logger, monitor } = options;
    this.#feed = feed;
    this.#read = { service: feed.service, portName, scheme };
    this.#leftOut = new LeftOut(logger, { service: feed.service });
    this.#monitor = monitor;
  }

  /** Everything there is, from a list. */
  replace(objects: readonly unknown[]): void {
    this.#slices = new Map();
    for (const object of objects) this.#put(object);
    this.publish();
  }

  /**
   * What happened since.
   *
   * @returns whether it has left nobody, where there was somebody: that is not published, and to be confirmed by a list
   */
  apply(events: readonly SliceEvent[]): boolean {
    for (const { type, object } of events) {
      if (type === "DELETED") this.#slices.delete(nameOf(object));
      else this.#put(object);
    }
    const { service } = this.#feed;
    this.#monitor({ type: "changes", service, count: events.length });
    const emptied = this.#anybody && joined(this.#slices.values()).length === 0;
    if (!emptied) this.publish();
    return emptied;
  }

  publish(): void {
    const instances = joined(this.#slices.values());
    this.#anybody = instances.length > 0;
    this.#leftOut.report([...this.#slices.values()].flatMap(({ leftOut }) => leftOut));
    this.#feed.publish(instances);
  }

  #put(object: unknown): void {
    const slice = readSlice(object, this.#read);
    this.#slices.delete(slice.name);
    this.#slices.set(slice.name, slice);
  }
}

function nameOf(object: unknown): string {
  return textOf(fieldsOf(fieldsOf(object)["metadata"])["name"]);
}
