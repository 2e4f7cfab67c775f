import type { Place } from "./profile.js";

/** V8's and Node's own, by what a profile calls them. */
const native: readonly (readonly [RegExp, string])[] = [
  [/^\(garbage collector\)$/, "gc"],
  [/^\(program\)$/, "native: kernel and libuv"],
  [/^write(v|Buffer|\w+String)$/, "socket write"],
  [/^(runMicrotasks|processTicksAndRejections)$/, "promises"],
];

const scripts: readonly (readonly [RegExp, string])[] = [
  [/\/node_modules\/@opentelemetry\//, "opentelemetry"],
  [/\/node_modules\/((@[^/]+\/)?[^/]+)\//, "$1"],
  [/\/bench\/dist\/gen\//, "codec: generated"],
  [/\/bench\/dist\//, "bench"],
  [/\/dist\/transport\/http2\/([^/]+)\//, "http2/$1"],
  [/\/dist\/transport\/http2\/([^/]+)\.js$/, "http2/$1"],
  [/\/dist\/transport\/([^/]+)\//, "transport/$1"],
  [/\/dist\/([^/]+)\//, "$1"],
  [/^node:(net|tls|internal\/stream_base_commons|internal\/streams\/)/, "node sockets"],
  [/^node:(buffer|internal\/buffer)/, "node buffers"],
  [/^node:(timers|internal\/timers)/, "node timers"],
  [/^node:(async_hooks|internal\/async_hooks|internal\/async_local_storage)/, "node async hooks"],
  [/^node:(internal\/)?http2/, "node http2"],
  [/^node:internal\/(process|promise)/, "promises"],
  [/^node:(internal\/modules|internal\/vm)/, "loading modules"],
  [/^node:/, "node"],
];

/** Where a function is at home: `http2/hpack`, `client`, `gc`. */
export function roomOf({ functionName, url }: Place): string {
  for (const [pattern, room] of url === "" ? native : scripts) {
    const found = pattern.exec(url === "" ? functionName : url);
    if (found !== null) return room.replace("$1", found[1] ?? "");
  }
  return url === "" ? "native" : "other";
}
