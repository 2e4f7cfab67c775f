import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Place, readProfile } from "../../bench/src/profile/profile.js";
import { roomOf } from "../../bench/src/profile/rooms.js";
import { sourceOf } from "../../bench/src/profile/sources.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hawser-profile-"));
});
afterAll(() => rm(folder, { recursive: true }));

const nowhere = { line: 0, column: 0 };

describe("a CPU profile", () => {
  it("is read as self time by function, the dearest first, without what was waited", async () => {
    const frame = (functionName: string, lineNumber: number) => ({
      callFrame: { functionName, url: "file:///a.js", lineNumber, columnNumber: 0 },
    });
    const file = join(folder, "a.cpuprofile");
    const profile = {
      nodes: [
        { id: 1, ...frame("parse", 7) },
        { id: 2, ...frame("write", 9) },
        { id: 3, ...frame("parse", 7) }, // called from elsewhere
        { id: 4, callFrame: { functionName: "(idle)", url: "", lineNumber: -1, columnNumber: -1 } },
      ],
      samples: [1, 2, 4, 3],
      timeDeltas: [1000, 1500, 90_000, 2000],
    };
    await writeFile(file, JSON.stringify(profile));

    const { busyMs, costs } = await readProfile(file);

    expect(busyMs).toBe(4.5);
    expect(costs.map(({ functionName, selfMs }) => [functionName, selfMs])).toEqual([
      ["parse", 3],
      ["write", 1.5],
    ]);
  });

  it.each([
    ["/main/dist/transport/http2/hpack/hpack-decoder.js", "http2/hpack"],
    ["/main/dist/transport/http2/outbox.js", "http2/outbox"],
    ["/main/dist/transport/grpc/timeout.js", "transport/grpc"],
    ["/main/dist/transport/call-guard.js", "transport"],
    ["/main/dist/client/surface.js", "client"],
    ["/main/bench/node_modules/@opentelemetry/sdk-trace/build/Span.js", "opentelemetry"],
    ["/main/node_modules/@bufbuild/protobuf/dist/wire.js", "@bufbuild/protobuf"],
    ["/main/bench/dist/load.js", "bench"],
  ])("finds the room of %s: %s", (path, room) => {
    expect(roomOf({ functionName: "f", url: `file://${path}`, ...nowhere })).toBe(room);
  });

  it.each([
    ["(garbage collector)", "gc"],
    ["writeLatin1String", "socket write"],
    ["writev", "socket write"],
    ["copy", "native"],
  ])("knows what is no JavaScript: %s is %s", (functionName, room) => {
    expect(roomOf({ functionName, url: "", ...nowhere })).toBe(room);
  });

  it("names a place of Node's own by its line, and one without a script not at all", () => {
    const place: Place = { functionName: "f", url: "node:net", line: 41, column: 0 };
    expect(sourceOf(place)).toBe("node:net:42");
    expect(sourceOf({ ...place, url: "" })).toBe("");
  });
});
