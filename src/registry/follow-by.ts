import type { Feed, Follow } from "./service-view.js";

/** What follows one service, from `start()` to `close()`. */
export interface Follower {
  start(): void;
  /** Resolves once nothing of it is left. */
  close(): Promise<void> | void;
}

/** Follows each service by a follower of its own. */
export function followBy(make: (feed: Feed) => Follower): Follow {
  return (feed) => {
    const follower = make(feed);
    follower.start();
    return () => follower.close();
  };
}
