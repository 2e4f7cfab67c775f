import type { Clock, Timer } from "../../../time/time.js";
import { ConnectionError, Http2Code } from "../errors.js";
import { Flag, FrameType, writeSettings } from "../frames/frames.js";
import type { Outbox } from "../outbox.js";
import { readSettings, type SettingSink } from "../settings.js";
import { silenceTimer } from "../silence-timer.js";
import type { Patience } from "./patience.js";

/** An entry of SETTINGS. */
const settingBytes = 6;

export interface SettingsExchangeOptions {
  /** How long ours may stay unacknowledged, in ms. */
  readonly keepaliveTimeoutMs: number;
  readonly clock: Clock;
}

/** Who is told of SETTINGS. */
export interface SettingsSink extends SettingSink {
  /** One of the peer's settings, whose value can be. @throws ConnectionError where this side does not allow it */
  onSetting(id: number, value: number): void;
  /** A frame of the peer's SETTINGS has been applied, the first one or a later one. */
  onSettings(first: boolean): void;
  /** The peer has ours. @param afterMs they were said */
  onSettingsAnswer(afterMs: number): void;
  /** The peer did not acknowledge ours in time. @param error what it is to be told */
  onSettingsTimeout(error: ConnectionError): void;
}

/**
 * SETTINGS, both ways (RFC 9113 §6.5): the peer's come before all else and are acknowledged at once, ours are to be
 * acknowledged in time.
 */
export class SettingsExchange {
  readonly #outbox: Outbox;
  readonly #patience: Patience;
  readonly #options: SettingsExchangeOptions;
  readonly #sink: SettingsSink;
  #heard = false;
  #saidAt = 0;
  #timer: Timer | undefined;

  constructor(outbox: Outbox, patience: Patience, options: SettingsExchangeOptions, sink: SettingsSink) {
    this.#outbox = outbox;
    this.#patience = patience;
    this.#options = options;
    this.#sink = sink;
  }

  /** Says ours, once. */
  say(settings: readonly (readonly [number, number])[]): void {
    writeSettings(this.#outbox, settings);
    const { clock, keepaliveTimeoutMs } = this.#options;
    this.#saidAt = clock.now();
    this.#timer = silenceTimer(clock, keepaliveTimeoutMs, () => this.#giveUp());
  }

  /** Nothing comes before the peer's. @throws ConnectionError */
  checkFirst(type: number, flags: number): void {
    if (this.#heard || (type === FrameType.SETTINGS && (flags & Flag.ACK) === 0)) return;
    throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "SETTINGS come first");
  }

  /** A frame of the peer's. @throws ConnectionError */
  take(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw new ConnectionError(Http2Code.PROTOCOL_ERROR, "SETTINGS on a stream");
    if ((flags & Flag.ACK) !== 0) {
      if (end > start) throw new ConnectionError(Http2Code.FRAME_SIZE_ERROR, "SETTINGS that acknowledge are empty");
      this.#acknowledged();
      return;
    }
    this.#patience.spend("SETTINGS", 1 + (end - start) / settingBytes);
    readSettings(bytes, start, end, this.#sink);
    writeSettings(this.#outbox, undefined);
    this.#patience.checkRead();
    const first = !this.#heard;
    this.#heard = true;
    this.#sink.onSettings(first);
  }

  /** The connection is over: ours need no answer any more. */
  close(): void {
    this.#timer?.cancel();
  }

  /** Of later ones, which only move windows, the answer is not waited for. */
  #acknowledged(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#sink.onSettingsAnswer(this.#options.clock.now() - this.#saidAt);
  }

  #giveUp(): void {
    this.#sink.onSettingsTimeout(new ConnectionError(Http2Code.SETTINGS_TIMEOUT, "our SETTINGS were not acknowledged"));
  }
}
