import type { Instance } from "../../contract/contract.js";
import type { Feed } from "../service-view.js";
import { FollowedFile } from "./followed-file.js";
import type { ResolvedStaticOptions } from "./options.js";
import { readServicesFile } from "./services-file.js";
import type { Source } from "./source.js";

/** Who is there by a file. What was read last stays, stale, while the file is away or makes no sense. */
export class FileSource implements Source {
  readonly #path: string;
  readonly #options: ResolvedStaticOptions;
  readonly #feeds = new Set<Feed>();
  #followed: FollowedFile | undefined;
  #instances: readonly Instance[] | undefined;
  #problem: string | undefined;

  constructor(path: string, options: ResolvedStaticOptions) {
    this.#path = path;
    this.#options = options;
  }

  instances(): Promise<readonly Instance[]> {
    return readServicesFile(this.#path);
  }

  follow(feed: Feed): () => Promise<void> {
    this.#feeds.add(feed);
    if (this.#followed === undefined) this.#start();
    else this.#introduce(feed);
    return async () => {
      this.#feeds.delete(feed);
      if (this.#feeds.size === 0) await this.#stop();
    };
  }

  #start(): void {
    const { clock, pollMs } = this.#options;
    this.#followed = new FollowedFile(this.#path, {
      clock,
      pollMs,
      read: () => this.#read(),
      unchanged: () => {
        if (this.#problem === undefined) for (const feed of this.#feeds) feed.confirm();
      },
    });
    this.#followed.start();
  }

  /** What it was told is forgotten: nobody follows whether it stays true. */
  async #stop(): Promise<void> {
    const followed = this.#followed;
    this.#followed = undefined;
    this.#instances = undefined;
    this.#problem = undefined;
    await followed?.close();
  }

  async #read(): Promise<() => void> {
    const followed = this.#followed;
    const before = { instances: this.#instances, problem: this.#problem };
    const after: typeof before = await readServicesFile(this.#path).then(
      (instances) => ({ instances, problem: undefined }),
      (error: Error) => ({ instances: before.instances, problem: error.message }),
    );
    return () => {
      if (followed !== this.#followed) return;
      this.#instances = after.instances;
      this.#problem = after.problem;
      this.#log(before.problem);
      for (const feed of this.#feeds) this.#tell(feed);
    };
  }

  #log(problemBefore: string | undefined): void {
    const { logger } = this.#options;
    if (this.#problem === problemBefore) return;
    if (this.#problem === undefined) logger.info({}, `${this.#path}: well again`);
    else logger.warn({}, `${this.#problem}; ${this.#instances ? "what was read last stays" : "nobody is known yet"}`);
  }

  /** Who comes later begins with what is known already. */
  #introduce(feed: Feed): void {
    if (this.#instances !== undefined) feed.publish(this.#of(feed));
    if (this.#problem !== undefined) feed.markStale();
  }

  #tell(feed: Feed): void {
    if (this.#problem !== undefined) {
      feed.markStale();
      return;
    }
    this.#options.monitor({ type: "changes", service: feed.service, count: 1 });
    feed.publish(this.#of(feed));
  }

  #of({ service }: Feed): readonly Instance[] {
    return this.#instances?.filter((each) => each.service === service) ?? [];
  }
}
