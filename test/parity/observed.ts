import { withoutIds } from "./scenario.js";

/** One span and what happened within it, but for what differs from day to day. */
export interface SpanTree {
  readonly service: string;
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly attributes: { readonly [key: string]: unknown };
  readonly events: readonly unknown[];
  /** In no particular order, but always in the same. */
  readonly children: readonly SpanTree[];
}

export interface Observed {
  /** In no particular order, but always in the same. */
  readonly traces: readonly SpanTree[];
  /** `front rpc.server.call.duration {"rpc.method":…}: 17`: how many calls were measured. */
  readonly metrics: readonly string[];
  /** Which way calls came, as those say who were called: `front -> middle: local`; a peer that has a port is remote. */
  readonly roads: ReadonlySet<string>;
  /** `front 1.0.0` */
  readonly services: ReadonlySet<string>;
}

interface Export {
  readonly path: string;
  // biome-ignore lint/suspicious/noExplicitAny: OTLP as JSON
  readonly body: any;
}

/** Reads what was exported by OTLP/HTTP. @throws Error for a span whose parent was never exported */
export function observed(exports: readonly Export[]): Observed {
  const spans = exports.filter(({ path }) => path === "/v1/traces").flatMap(({ body }) => spansOf(body));
  const byId = new Map(spans.map((span) => [span.id, span]));
  const orphan = spans.find(({ parentId }) => parentId !== "" && !byId.has(parentId));
  if (orphan !== undefined) throw new Error(`${orphan.service}: ${orphan.tree.name} has a parent that nobody exported`);
  const childrenOf = (id: string): readonly SpanTree[] =>
    sorted(
      spans.filter(({ parentId }) => parentId === id).map((span) => ({ ...span.tree, children: childrenOf(span.id) })),
    );
  return {
    traces: childrenOf(""),
    metrics: summed(exports.filter(({ path }) => path === "/v1/metrics").flatMap(({ body }) => pointsOf(body))),
    roads: new Set(
      spans
        .filter(({ tree, placement }) => tree.kind === "server" && placement !== undefined)
        .map(({ parentId, service, placement }) => `${byId.get(parentId)?.service} -> ${service}: ${placement}`),
    ),
    services: new Set(spans.map(({ service, version }) => `${service} ${version}`.trim())),
  };
}

type Attributes = { readonly [key: string]: unknown };

interface OtlpSpan {
  readonly id: string;
  readonly parentId: string;
  readonly service: string;
  readonly version: string;
  readonly placement: string | undefined;
  readonly tree: Omit<SpanTree, "children">;
}

const kinds = ["", "internal", "server", "client"];
/** What says where somebody is, and not what happened. */
const places = new Set(["hawser.placement", "network.peer.address", "network.peer.port"]);
/** How far a stream came that was ended from outside depends on who was faster. */
const counts = new Set(["hawser.messages.sent", "hawser.messages.received"]);

/**
 * Who gives up and whose deadline passes end a call for the one who is called alike, and which of the two it learns of
 * first is a race between timers at both ends: see `docs/modes.md`.
 */
function givenUp(kind: string, attributes: Attributes): Attributes {
  const code = attributes["rpc.status_code"];
  if (kind !== "server" || (code !== "CANCELLED" && code !== "DEADLINE_EXCEEDED")) return attributes;
  const { "error.type": _, ...rest } = attributes;
  return { ...rest, "rpc.status_code": "GIVEN UP" };
}

function placementOf(attributes: Attributes): string | undefined {
  const placement = attributes["hawser.placement"];
  if (placement === undefined) return undefined;
  const fits = (placement === "remote") === "network.peer.port" in attributes;
  return fits ? String(placement) : `${placement}, and the peer is not`;
}

// biome-ignore lint/suspicious/noExplicitAny: OTLP as JSON
function spansOf(body: any): readonly OtlpSpan[] {
  const found: OtlpSpan[] = [];
  for (const { resource, scopeSpans } of body.resourceSpans) {
    const own = attributesOf(resource);
    const service = String(own["service.name"]);
    for (const { spans } of scopeSpans) {
      for (const span of spans) {
        const kind = kinds[span.kind] ?? "other";
        const attributes = givenUp(kind, attributesOf(span));
        const told =
          attributes["rpc.status_code"] === "GIVEN UP" ? "" : `${span.status.code} ${span.status.message ?? ""}`;
        const kept = Object.entries(attributes).filter(
          ([key]) => !places.has(key) && !(counts.has(key) && attributes["rpc.status_code"] !== "OK"),
        );
        found.push({
          id: span.spanId,
          parentId: span.parentSpanId ?? "",
          service,
          version: String(own["service.version"] ?? ""),
          placement: placementOf(attributes),
          tree: {
            service,
            name: span.name,
            kind,
            status: asStated(told.trim()),
            attributes: Object.fromEntries(kept.sort().map(([key, value]) => [key, comparable(value)])),
            // biome-ignore lint/suspicious/noExplicitAny: OTLP as JSON
            events: (span.events ?? []).map((event: any) => ({ name: event.name, ...eventOf(attributesOf(event)) })),
          },
        });
      }
    }
  }
  return found;
}

function eventOf(attributes: { readonly [key: string]: unknown }): { readonly [key: string]: unknown } {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [key, key === "exception.stacktrace" ? "" : comparable(value)]),
  );
}

// biome-ignore lint/suspicious/noExplicitAny: OTLP as JSON
function pointsOf(body: any): readonly (readonly [point: string, value: number])[] {
  const found: [string, number][] = [];
  for (const { resource, scopeMetrics } of body.resourceMetrics) {
    const service = attributesOf(resource)["service.name"];
    for (const { metrics } of scopeMetrics) {
      for (const { name, histogram, sum } of metrics) {
        if (name.startsWith("hawser.registry.")) continue; // where there is none, nothing is to be said of it
        const kind = name.startsWith("rpc.server") ? "server" : "client";
        for (const point of histogram?.dataPoints ?? sum?.dataPoints ?? []) {
          const { "hawser.placement": _, ...attributes } = givenUp(kind, attributesOf(point));
          const value = histogram === undefined ? Number(point.asInt ?? point.asDouble) : Number(point.count);
          found.push([`${service} ${name} ${JSON.stringify(attributes, Object.keys(attributes).sort())}`, value]);
        }
      }
    }
  }
  return found;
}

function summed(points: readonly (readonly [point: string, value: number])[]): readonly string[] {
  const sums = new Map<string, number>();
  for (const [point, value] of points) sums.set(point, (sums.get(point) ?? 0) + value);
  return [...sums].map(([point, value]) => `${point}: ${value}`).sort();
}

function attributesOf(owner: {
  readonly attributes?: readonly { readonly key: string; readonly value: { readonly [type: string]: unknown } }[];
}): { readonly [key: string]: unknown } {
  return Object.fromEntries((owner.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]));
}

function comparable(value: unknown): unknown {
  return typeof value === "string" ? asStated(value) : value;
}

/**
 * The words for a message that is too large are the transport's, and those for a deadline that passed are of the end that
 * noticed first: see `docs/modes.md`.
 */
export function asStated(text: string): string {
  const tooLarge =
    /(\S+?(?: at ADDRESS)?: )?Received message larger than max \(\d+ vs \d+\)|\S+: the message has \d+ bytes, and \d+ may be received/;
  return withoutIds(text)
    .replace(tooLarge, "TOO LARGE")
    .replace(/: the deadline passed \(attempt \d+ at \w+-ID\)/, ": the deadline passed");
}

function sorted(trees: readonly SpanTree[]): readonly SpanTree[] {
  return trees
    .map((tree) => [JSON.stringify(tree), tree] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, tree]) => tree);
}
