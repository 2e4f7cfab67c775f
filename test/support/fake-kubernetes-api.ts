import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer, type ServerOptions } from "node:https";

/** An EndpointSlice, or whatever a test wants the server to say instead. */
export interface FakeSlice {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> };
  readonly [field: string]: unknown;
}

interface Change {
  readonly version: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly slice: FakeSlice;
}

interface OpenWatch {
  readonly response: ServerResponse;
  readonly matches: (slice: FakeSlice) => boolean;
  deaf: boolean;
}

export interface FakeKubernetesOptions {
  /** Speaks TLS, and asks for a client certificate where `requestCert` says so. Default: plain HTTP. */
  readonly tls?: ServerOptions;
}

/**
 * A fake of the part of a Kubernetes API server that serves EndpointSlices, since no cluster can be had in these tests:
 * lists with pages at one moment, watches with bookmarks and timeouts, resource versions and what is compacted away
 * (410 as a status, as an event, and for a page), 401 and 403. Written after the API concepts page of Kubernetes'
 * documentation; `kubectl` understands it. Everything it does wrong, a test has told it to do.
 */
export class FakeKubernetesApi implements AsyncDisposable {
  /** Every request, in the order in which they came: `list`, `watch` and their query. */
  readonly requests: { readonly verb: "list" | "watch"; readonly path: string; readonly query: URLSearchParams }[] = [];
  /** Tokens that are known. Default: nobody is asked for one. */
  tokens: Set<string> | undefined;
  /** What the account may. */
  readonly allowed: Set<string> = new Set(["list", "watch"]);
  /** Answers requests in its place, where it returns true. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  readonly #server: Server;
  readonly #secure: boolean;
  readonly #slices = new Map<string, FakeSlice>();
  readonly #history: Change[] = [];
  readonly #pages = new Map<string, { readonly version: number; readonly rest: readonly FakeSlice[] }>();
  readonly #watches = new Set<OpenWatch>();
  #version = 100;
  #compacted = 0;

  private constructor({ tls }: FakeKubernetesOptions) {
    const answer = (request: IncomingMessage, response: ServerResponse) => this.#answer(request, response);
    this.#secure = tls !== undefined;
    this.#server = tls === undefined ? createServer(answer) : createSecureServer(tls, answer);
  }

  static async start(options: FakeKubernetesOptions = {}): Promise<FakeKubernetesApi> {
    const api = new FakeKubernetesApi(options);
    await new Promise<void>((resolve) => api.#server.listen(0, "127.0.0.1", resolve));
    return api;
  }

  get url(): string {
    return `${this.#secure ? "https" : "http"}://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** How many watches stand now. */
  get watching(): number {
    return this.#watches.size;
  }

  /** Creates a slice or replaces it. */
  put(slice: FakeSlice): void {
    const key = keyOf(slice);
    const type = this.#slices.has(key) ? "MODIFIED" : "ADDED";
    const versioned = this.#versioned(slice);
    this.#slices.set(key, versioned);
    this.#tell({ version: this.#version, type, slice: versioned });
  }

  delete(name: string, namespace = "default"): void {
    const slice = this.#slices.get(`${namespace}/${name}`);
    if (slice === undefined) throw new Error(`no slice ${namespace}/${name}`);
    this.#slices.delete(keyOf(slice));
    this.#tell({ version: this.#version + 1, type: "DELETED", slice: this.#versioned(slice) });
  }

  /** Other things happen in the cluster, of which these watches hear nothing. */
  pass(versions: number): void {
    this.#version += versions;
  }

  /** Tells every watch how far it is. */
  bookmark(): void {
    const metadata = { resourceVersion: String(this.#version) };
    const object = { kind: "EndpointSlice", apiVersion: "discovery.k8s.io/v1", metadata };
    for (const { response, deaf } of this.#watches) {
      if (!deaf) response.write(`${JSON.stringify({ type: "BOOKMARK", object })}\n`);
    }
  }

  /** Says something to every watch. */
  say(event: unknown): void {
    this.sayRaw(`${JSON.stringify(event)}\n`);
  }

  sayRaw(text: string | Buffer): void {
    for (const { response } of this.#watches) response.write(text);
  }

  /** Forgets all that has happened up to now, and every page that was begun. */
  compact(): void {
    this.#compacted = this.#version;
    this.#pages.clear();
  }

  /** The watches that stand hear of nothing any more, as over a link that is gone in silence. */
  deafen(): void {
    for (const watch of this.#watches) watch.deaf = true;
  }

  /** Ends every watch as its timeout does. */
  endWatches(): void {
    for (const { response } of this.#watches) response.end();
  }

  cutWatches(): void {
    for (const { response } of this.#watches) response.destroy();
  }

  /** How many connections stand. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #versioned(slice: FakeSlice): FakeSlice {
    this.#version += 1;
    const metadata = { namespace: "default", ...slice.metadata, resourceVersion: String(this.#version) };
    return { kind: "EndpointSlice", apiVersion: "discovery.k8s.io/v1", ...slice, metadata };
  }

  #tell(change: Change): void {
    this.#history.push(change);
    for (const { response, matches, deaf } of this.#watches) {
      if (!deaf && matches(change.slice)) response.write(lineOf(change));
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): unknown {
    const { pathname, searchParams } = new URL(request.url ?? "/", this.url);
    const verb = searchParams.has("watch") ? "watch" : "list";
    this.requests.push({ verb, path: pathname, query: searchParams });
    if (this.intercept(request, response)) return undefined;
    const [, namespace] = /^\/apis\/discovery\.k8s\.io\/v1\/namespaces\/([^/]+)\/endpointslices$/.exec(pathname) ?? [];
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    if (namespace === undefined)
      return fail(response, 404, "NotFound", "the server could not find the requested resource");
    if (this.tokens?.has(token) === false) return fail(response, 401, "Unauthorized", "Unauthorized");
    if (!this.allowed.has(verb)) {
      const message = `endpointslices.discovery.k8s.io is forbidden: User "system:serviceaccount:${namespace}:default" cannot ${verb} resource "endpointslices" in API group "discovery.k8s.io" in the namespace "${namespace}"`;
      return fail(response, 403, "Forbidden", message);
    }
    const selected = selection(searchParams.get("labelSelector") ?? "");
    const matches = (slice: FakeSlice) => slice.metadata.namespace === namespace && selected(slice);
    return verb === "watch"
      ? this.#watch(response, searchParams, matches)
      : this.#list(response, searchParams, matches);
  }

  #list(response: ServerResponse, query: URLSearchParams, matches: OpenWatch["matches"]): unknown {
    const token = query.get("continue");
    const begun = token === null ? undefined : this.#pages.get(token);
    if (token !== null && begun === undefined) {
      return fail(
        response,
        410,
        "Expired",
        "The provided continue parameter is too old to display a consistent list result.",
      );
    }
    const { version, rest } = begun ?? { version: this.#version, rest: [...this.#slices.values()].filter(matches) };
    const limit = Number(query.get("limit") ?? rest.length) || rest.length;
    const metadata: Record<string, unknown> = { resourceVersion: String(version) };
    if (rest.length > limit) {
      const next = `page-${this.#pages.size + 1}-of-${version}`;
      this.#pages.set(next, { version, rest: rest.slice(limit) });
      Object.assign(metadata, { continue: next, remainingItemCount: rest.length - limit });
    }
    const items = rest.slice(0, limit);
    return say(response, 200, { kind: "EndpointSliceList", apiVersion: "discovery.k8s.io/v1", metadata, items });
  }

  #watch(response: ServerResponse, query: URLSearchParams, matches: OpenWatch["matches"]): unknown {
    const since = Number(query.get("resourceVersion"));
    if (since < this.#compacted) {
      return fail(response, 410, "Expired", `too old resource version: ${since} (${this.#compacted})`);
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    const watch = { response, matches, deaf: false };
    this.#watches.add(watch);
    const timeout = setTimeout(() => response.end(), Number(query.get("timeoutSeconds") ?? 1_800) * 1_000);
    response.on("close", () => {
      clearTimeout(timeout);
      this.#watches.delete(watch);
    });
    for (const change of this.#history) {
      if (change.version > since && matches(change.slice)) response.write(lineOf(change));
    }
    return undefined;
  }
}

function keyOf({ metadata: { name, namespace = "default" } }: FakeSlice): string {
  return `${namespace}/${name}`;
}

function lineOf({ type, slice }: Change): string {
  return `${JSON.stringify({ type, object: slice })}\n`;
}

/** `a=b,c`: label a is b, and there is a label c. */
function selection(selector: string): (slice: FakeSlice) => boolean {
  const terms = selector.split(",").map((term) => term.split("="));
  return ({ metadata: { labels = {} } }) =>
    terms.every(
      ([label = "", value]) => label === "" || (value === undefined ? label in labels : labels[label] === value),
    );
}

function fail(response: ServerResponse, code: number, reason: string, message: string): void {
  say(response, code, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code });
}

function say(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
