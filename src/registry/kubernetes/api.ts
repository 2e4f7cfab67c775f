/** What the loops of this driver want of a cluster; `HttpKubernetesApi` asks a real one. */
export interface KubernetesApi {
  /**
   * Every slice that matches, as they all were at one moment, and the version of that moment.
   *
   * @throws RpcError
   */
  list(scope: SliceScope, signal: AbortSignal): Promise<SliceList>;
  /**
   * What has happened since a version, in the order in which it did. Resolves once the server has agreed; ends where the
   * server ends it, and throws where the link breaks.
   *
   * @throws GoneError where the server does not remember that far back; RpcError for anything else
   */
  watch(scope: SliceScope, version: string, signal: AbortSignal): Promise<AsyncIterable<readonly SliceEvent[]>>;
}

export interface SliceScope {
  readonly namespace: string;
  /** As in `kubectl -l`. */
  readonly labelSelector: string;
}

export interface SliceList {
  readonly version: string;
  /** EndpointSlices, as JSON. */
  readonly slices: readonly unknown[];
}

/** As it came: `{ "type": "ADDED", "object": … }` */
export interface SliceEvent {
  readonly type: string;
  readonly object: unknown;
}
