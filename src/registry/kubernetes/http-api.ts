import type { IncomingMessage } from "node:http";
import { Code, RpcError } from "../../errors/errors.js";
import type { KubernetesApi, SliceEvent, SliceList, SliceScope } from "./api.js";
import { HttpConnection, type Query } from "./connection.js";
import { GoneError, refusal, unavailable } from "./failures.js";
import { fieldsOf, listOf, textOf } from "./json.js";
import { lines } from "./lines.js";
import type { ResolvedKubernetesOptions } from "./options.js";

/** EndpointSlices over the API server's HTTP: https://kubernetes.io/docs/reference/using-api/api-concepts/ */
export class HttpKubernetesApi implements KubernetesApi {
  readonly #options: ResolvedKubernetesOptions;
  readonly #connection: HttpConnection;

  constructor(options: ResolvedKubernetesOptions) {
    this.#options = options;
    this.#connection = new HttpConnection(options);
  }

  /** In pages; where the server has forgotten the moment of the first before the last was asked for, at once. */
  async list(scope: SliceScope, signal: AbortSignal): Promise<SliceList> {
    try {
      return await this.#pages(scope, { limit: `${this.#options.pageSize}` }, signal);
    } catch (reason) {
      if (!(reason instanceof GoneError)) throw reason;
    }
    try {
      return await this.#pages(scope, {}, signal);
    } catch (reason) {
      throw reason instanceof GoneError ? unavailable(this.#options.name, reason.message, reason) : reason;
    }
  }

  /** Asks for an end after 5 to 10 minutes, as client-go does, so that watches spread over the servers again. */
  async watch(scope: SliceScope, version: string, signal: AbortSignal): Promise<AsyncIterable<readonly SliceEvent[]>> {
    const timeoutSeconds = `${Math.round(300 * (1 + this.#options.random()))}`;
    const query = { watch: "1", allowWatchBookmarks: "true", resourceVersion: version, timeoutSeconds };
    const response = await this.#get("watch", scope, query, signal);
    return this.#events(response);
  }

  close(): void {
    this.#connection.close();
  }

  async #pages(scope: SliceScope, query: Query, signal: AbortSignal): Promise<SliceList> {
    const slices: unknown[] = [];
    let next: Query = {};
    for (;;) {
      const page = fieldsOf(await this.#json(await this.#get("list", scope, { ...query, ...next }, signal)));
      const { resourceVersion, continue: more } = fieldsOf(page["metadata"]);
      for (const slice of listOf(page["items"])) slices.push(slice);
      if (textOf(resourceVersion) === "") throw this.#notKubernetes("its list has no resourceVersion");
      if (textOf(more) === "") return { version: textOf(resourceVersion), slices };
      next = { continue: textOf(more) };
    }
  }

  /** @throws GoneError for what cannot be read: it would not read better the next time, and a list may leave it out */
  async *#events(response: IncomingMessage): AsyncGenerator<readonly SliceEvent[]> {
    try {
      for await (const batch of lines(response)) yield batch.map(eventOf);
    } catch (reason) {
      if (reason instanceof RangeError) throw new GoneError(reason.message, { cause: reason });
      throw reason instanceof GoneError ? reason : unavailable(this.#options.name, "the watch broke off", reason);
    }
  }

  /** A token that the server refuses may have been replaced a moment ago: it is read again, once. */
  async #get(verb: string, scope: SliceScope, query: Query, signal: AbortSignal): Promise<IncomingMessage> {
    const path = `/apis/discovery.k8s.io/v1/namespaces/${scope.namespace}/endpointslices`;
    const all = { labelSelector: scope.labelSelector, ...query };
    let response = await this.#connection.get(path, all, signal);
    if (response.statusCode === 401) {
      response.resume();
      this.#options.credentials.forget();
      response = await this.#connection.get(path, all, signal);
    }
    if (response.statusCode === 200) return response;
    const message = await this.#connection.text(response).then(messageOf, () => "");
    throw refusal(this.#options.name, verb, response.statusCode ?? 0, message);
  }

  async #json(response: IncomingMessage): Promise<unknown> {
    return this.#parse(await this.#connection.text(response));
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw this.#notKubernetes(`it says ${JSON.stringify(text.slice(0, 60))}, which is no JSON`, cause);
    }
  }

  #notKubernetes(why: string, cause?: unknown): RpcError {
    const message = `${this.#options.name}: is this the API server of a Kubernetes? ${why}`;
    return new RpcError(Code.UNAVAILABLE, message, { cause });
  }
}

function eventOf(line: string): SliceEvent {
  try {
    const { type, object } = fieldsOf(JSON.parse(line));
    return { type: textOf(type), object };
  } catch (cause) {
    throw new GoneError(`an event that is no JSON: ${JSON.stringify(line.slice(0, 60))}`, { cause });
  }
}

/** Of the Status object that comes with an error. */
function messageOf(body: string): string {
  try {
    return textOf(fieldsOf(JSON.parse(body))["message"]).slice(0, 500);
  } catch {
    return "";
  }
}
