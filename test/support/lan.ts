import type { RemoteInfo, Socket } from "node:dgram";
import { EventEmitter } from "node:events";
import { decode, encode, type Packet } from "dns-packet";

export interface Heard {
  readonly from: string;
  readonly packet: Packet;
}

/**
 * Stands for a LAN on which mDNS is spoken: whatever one host sends all hear, itself included, before time passes. It takes
 * the place of UDP sockets, so that time, cut cables and what others say are in the test's hand.
 */
export class Lan {
  readonly port = 5353;
  /** Everything that went over it, in order. */
  readonly heard: Heard[] = [];
  readonly hosts: Set<LanSocket> = new Set();
  readonly #unplugged = new Set<string>();

  /** Makes the sockets of one host; give it as the option `socket`. @param address as `10.0.0.1` */
  host(address: string): () => Socket {
    return () => new LanSocket(this, address) as unknown as Socket;
  }

  /** The host cannot send any more: its sockets say so. Nor does it hear anything. */
  unplug(address: string): void {
    this.#unplugged.add(address);
  }

  plug(address: string): void {
    this.#unplugged.delete(address);
  }

  isUp(address: string): boolean {
    return !this.#unplugged.has(address);
  }

  /** Somebody who is not Hawser says something. */
  say(from: string, packet: Packet, port: number = this.port): void {
    this.carry(encode(packet), from, port);
  }

  /** @param to the address of one host; else all hear it */
  carry(bytes: Buffer, from: string, port: number, to?: string): void {
    this.heard.push({ from, packet: decode(bytes) });
    const info: RemoteInfo = { address: from, port, family: "IPv4", size: bytes.length };
    for (const host of this.hosts) {
      if (!this.isUp(host.address_) || (to !== undefined && to !== host.address_)) continue;
      queueMicrotask(() => host.emit("message", Buffer.from(bytes), info));
    }
  }
}

/** As much of a UDP socket as `multicast-dns` uses. */
class LanSocket extends EventEmitter {
  readonly address_: string;
  readonly #lan: Lan;

  constructor(lan: Lan, address: string) {
    super();
    this.#lan = lan;
    this.address_ = address;
  }

  bind(_port: number, _address: string, bound: () => void): void {
    queueMicrotask(() => {
      this.#lan.hosts.add(this);
      this.emit("listening");
      bound();
    });
  }

  address(): { readonly address: string; readonly port: number } {
    return { address: this.address_, port: this.#lan.port };
  }

  send(
    bytes: Buffer,
    _offset: number,
    _length: number,
    port: number,
    address: string,
    sent: (error: Error | null) => void,
  ): void {
    if (!this.#lan.isUp(this.address_)) {
      queueMicrotask(() => sent(new Error(`send ENETUNREACH ${address}:${port}`)));
      return;
    }
    this.#lan.carry(bytes, this.address_, this.#lan.port, address.startsWith("224.") ? undefined : address);
    queueMicrotask(() => sent(null));
  }

  close(closed: () => void): void {
    this.#lan.hosts.delete(this);
    queueMicrotask(closed);
  }

  addMembership(): void {
    if (!this.#lan.isUp(this.address_)) throw new Error("addMembership ENODEV");
  }

  dropMembership(): void {}
  setMulticastTTL(): void {}
  setMulticastLoopback(): void {}
  setMulticastInterface(): void {}
}
