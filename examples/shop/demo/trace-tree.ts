import type { Span } from "./span.js";

/**
 * The trace most worth seeing: one that passes through every one of the services, best of all one in which an attempt
 * failed and the next did not. Undefined where there is none.
 */
export function tellingTrace(spans: readonly Span[], services: readonly string[]): readonly Span[] | undefined {
  let telling: readonly Span[] | undefined;
  for (const trace of groupBy(spans, ({ traceId }) => traceId).values()) {
    if (!complete(trace, services)) continue;
    if (retried(trace) && !(telling && retried(telling))) telling = trace;
    else if (telling === undefined || (retried(telling) === retried(trace) && trace.length > telling.length))
      telling = trace;
  }
  return telling;
}

/** A line a span: who, what, how long, and of calls that were made again, every attempt. */
export function traceTree(trace: readonly Span[]): string {
  const children = groupBy(trace, ({ parentId }) => parentId);
  const lines: { readonly label: string; readonly span: Span }[] = [];
  const visit = (span: Span, lead: string, branch: string): void => {
    lines.push({ label: `${lead}${branch}${span.service} ${arrow[span.kind]} ${shortName(span.name)}`, span });
    const below = lead + (branch === "" ? "" : branch === "├─ " ? "│  " : "   ");
    const next = (children.get(span.id) ?? []).toSorted((a, b) => a.startMs - b.startMs);
    for (const [index, child] of next.entries()) visit(child, below, index < next.length - 1 ? "├─ " : "└─ ");
  };
  for (const root of children.get("") ?? []) visit(root, "", "");
  const width = Math.max(...lines.map(({ label }) => label.length));
  return lines
    .map(({ label, span }) =>
      `${label.padEnd(width)}  ${span.durationMs.toFixed(1).padStart(6)} ms  ${told(span)}`.trimEnd(),
    )
    .join("\n");
}

/** A client's span goes out, a server's comes in. */
const arrow = { client: "→", server: "●", other: "·" } as const;

function complete(trace: readonly Span[], services: readonly string[]): boolean {
  const ids = new Set(trace.map(({ id }) => id));
  return (
    services.every((service) => trace.some((span) => span.service === service && span.kind === "server")) &&
    trace.every(({ parentId }) => parentId === "" || ids.has(parentId))
  );
}

function retried(trace: readonly Span[]): boolean {
  return trace.some(({ attempts, code }) => attempts.length > 1 && code === "OK");
}

function told({ attempts, code }: Span): string {
  if (attempts.length > 1) {
    return attempts.map(({ number, instance, code }) => `${number}. ${instance}: ${code}`).join(", ");
  }
  return code === "OK" ? "" : code;
}

function shortName(name: string): string {
  return name.slice(name.slice(0, name.indexOf("/")).lastIndexOf(".") + 1);
}

function groupBy(spans: readonly Span[], key: (span: Span) => string): Map<string, Span[]> {
  const groups = new Map<string, Span[]>();
  for (const span of spans) {
    const group = groups.get(key(span));
    if (group === undefined) groups.set(key(span), [span]);
    else group.push(span);
  }
  return groups;
}
