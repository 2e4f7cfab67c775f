import { type Backoff, exponentialBackoff, type Timer } from "../../time/time.js";
import { authorityOf, isTls, parseEndpoint } from "../grpc/endpoint.js";
import type { Address, ChannelState } from "../transport.js";
import { type Grpc, grpc } from "./grpc.js";
import { type ResolvedOptions, sharedOptions } from "./options.js";

const { IDLE, CONNECTING, READY, TRANSIENT_FAILURE, SHUTDOWN } = grpc.connectivityState;

/** grpc-js shall not reconnect by itself, in practice: it never gives up an attempt that hangs. */
const dayMs = 86_400_000;

/**
 * Keeps one connection up: reconnects with backoff for as long as it is open, and gives up on a connection that hangs,
 * which grpc-js would wait for without end.
 */
export class Connection {
  readonly #address: Address;
  readonly #options: ResolvedOptions;
  readonly #backoff: Backoff;
  readonly #listeners = new Set<(state: ChannelState) => void>();
  #channel: Grpc.ChannelInterface;
  #state: ChannelState = "idle";
  #failures = 0;
  #connectTimer: Timer | undefined;
  #retryTimer: Timer | undefined;

  constructor(address: Address, options: ResolvedOptions) {
    this.#address = address;
    this.#options = options;
    this.#backoff = exponentialBackoff({
      initialMs: options.reconnectInitialMs,
      maxMs: options.reconnectMaxMs,
      jitter: "equal",
      random: options.random,
    });
    this.#channel = openChannel(address, options);
    this.#follow(this.#channel);
  }

  get state(): ChannelState {
    return this.#state;
  }

  get channel(): Grpc.ChannelInterface {
    return this.#channel;
  }

  onState(listener: (state: ChannelState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  connect(): void {
    if (this.#state === "closed") return;
    this.#retryTimer?.cancel();
    this.#retryTimer = undefined;
    if (this.#channel.getConnectivityState(false) === TRANSIENT_FAILURE) this.#renew();
    this.#channel.getConnectivityState(true);
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#connectTimer?.cancel();
    this.#retryTimer?.cancel();
    this.#become("closed");
    this.#listeners.clear();
    this.#channel.close();
  }

  #follow(channel: Grpc.ChannelInterface): void {
    const seen = channel.getConnectivityState(false);
    channel.watchConnectivityState(seen, Number.POSITIVE_INFINITY, () => {
      if (this.#state === "closed" || channel !== this.#channel) return;
      this.#moved(channel.getConnectivityState(false));
      this.#follow(channel);
    });
  }

  #moved(to: Grpc.connectivityState): void {
    if (to === SHUTDOWN) return;
    if (to === CONNECTING) {
      this.#connectTimer ??= this.#options.clock.timer(this.#options.connectTimeoutMs, () => this.#giveUp(), true);
      if (this.#state === "idle") this.#become("connecting");
      return;
    }
    this.#connectTimer?.cancel();
    this.#connectTimer = undefined;
    if (to === READY) {
      this.#failures = 0;
      this.#become("ready");
      return;
    }
    if (to === IDLE && this.#state === "idle") return;
    this.#broke();
  }

  /** The connection failed or fell: it is not to be used until it stands again. */
  #broke(): void {
    this.#failures++;
    this.#become("broken");
    this.#retryTimer?.cancel();
    this.#retryTimer = this.#options.clock.timer(this.#backoff(this.#failures), () => this.connect(), true);
  }

  /** Calls that waited for the connection were never sent, and say so. */
  #giveUp(): void {
    this.#connectTimer = undefined;
    this.#renew();
    this.#broke();
  }

  /** A channel that has failed shows no further attempt before it succeeds; a new one does. Running calls go on. */
  #renew(): void {
    const old = this.#channel;
    this.#channel = openChannel(this.#address, this.#options);
    this.#follow(this.#channel);
    old.close();
  }

  #become(state: ChannelState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }
}

function openChannel(address: Address, options: ResolvedOptions): Grpc.ChannelInterface {
  const endpoint = parseEndpoint(address, "grpc-js");
  const road = endpoint.port === undefined ? "unix" : endpoint.host.includes(":") ? "ipv6" : "dns";
  return new grpc.Channel(`${road}:${authorityOf(endpoint)}`, credentials(isTls(endpoint), options), {
    ...sharedOptions(options),
    "grpc.enable_http_proxy": 0,
    "grpc.enable_retries": 0,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.service_config_disable_resolution": 1,
    "grpc.client_idle_timeout_ms": 2 ** 31 - 1,
    "grpc.initial_reconnect_backoff_ms": dayMs,
    "grpc.max_reconnect_backoff_ms": dayMs,
    "grpc.default_compression_algorithm": { identity: 0, deflate: 1, gzip: 2 }[options.compression],
    "grpc.primary_user_agent": "hawser",
    ...(options.tls.serverName === undefined
      ? {}
      : { "grpc.ssl_target_name_override": options.tls.serverName, "grpc.default_authority": options.tls.serverName }),
  });
}

function credentials(sealed: boolean, { tls }: ResolvedOptions): Grpc.ChannelCredentials {
  if (!sealed) return grpc.credentials.createInsecure();
  const pem = (value: string | Buffer | undefined): Buffer | null => (value === undefined ? null : Buffer.from(value));
  return grpc.credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert));
}
