import { describe } from "vitest";
import { backpressure } from "./transport/backpressure.js";
import { cancellation } from "./transport/cancellation.js";
import { channels } from "./transport/channels.js";
import { deadlines } from "./transport/deadlines.js";
import { errors } from "./transport/errors.js";
import { limits } from "./transport/limits.js";
import { listeners } from "./transport/listeners.js";
import { metadata } from "./transport/metadata.js";
import { shapes } from "./transport/shapes.js";
import { type TransportSuiteOptions, teller } from "./transport/story.js";
import { travel } from "./transport/travel.js";
import { turns } from "./transport/turns.js";

/** What every transport promises, seen through `createServer` and `createClient`. */
export function transportSuite(options: TransportSuiteOptions): void {
  const chapters = {
    shapes,
    metadata,
    errors,
    deadlines,
    cancellation,
    backpressure,
    turns,
    limits,
    listeners,
    channels,
    travel,
  };
  for (const [title, chapter] of Object.entries(chapters)) {
    describe(`${options.name} transport: ${title}`, () => chapter(teller(options)));
  }
}
