import { type Link, Pipe } from "./link.js";
import type { Peer, SimulatedEtcd } from "./simulated-etcd.js";

/** What etcd does with one request or stream. */
export interface ServerSide<In> {
  receive(message: In): void;
  /** The client has gone, or cancelled. */
  closed(): void;
  committed?(revision: number): void;
  leaderLost?(): void;
}

/** What comes back. */
export interface ClientSide<Out> {
  receive(message: Out): void;
  failed(why: string): void;
}

interface Channel {
  readonly up: Pipe;
  readonly down: Pipe;
  readonly server: ServerSide<never>;
  readonly client: ClientSide<never>;
  serverOpen: boolean;
}

/** Pings go out every 10 s, and 5 s without an answer end a connection. */
const pingMs = { soonest: 5_000, spread: 10_000 };

/** One TCP connection: either side may believe in it for a while after the other has given it up. */
export class Connection implements Peer {
  readonly #etcd: SimulatedEtcd;
  readonly #link: Link;
  readonly #channels = new Set<Channel>();
  readonly #leave: readonly (() => void)[];
  /** Handshake and farewell. */
  readonly #control: { readonly up: Pipe; readonly down: Pipe };
  readonly #onEnd: (why: string) => void;
  #queued: (() => void)[] | undefined = [];
  #clientAlive = true;
  #serverAlive = true;
  #thaws = 0;
  #disconnect: () => void = () => {};

  constructor(etcd: SimulatedEtcd, link: Link, on: { readonly open: () => void; readonly end: (why: string) => void }) {
    this.#etcd = etcd;
    this.#link = link;
    this.#onEnd = on.end;
    this.#control = { up: new Pipe(link, link.up), down: new Pipe(link, link.down) };
    this.#leave = [link.onCut(() => this.#cut()), link.onSilence(() => this.#silent())];
    this.#control.up.send(() => this.#arrive(on.open));
    if (!link.open || etcd.state === "frozen") this.#silent();
  }

  get alive(): boolean {
    return this.#clientAlive;
  }

  /** @param server makes etcd's side */
  open<In, Out>(
    server: (send: (message: Out) => void, fail: (why: string) => void) => ServerSide<In>,
    client: ClientSide<Out>,
  ): {
    send(message: In): void;
    close(): void;
  } {
    const up = new Pipe(this.#link, this.#link.up);
    const down = new Pipe(this.#link, this.#link.down);
    const reply = (message: Out) => down.send(() => client.receive(message));
    const fail = (why: string) => {
      channel.serverOpen = false;
      down.send(() => {
        this.#channels.delete(channel);
        down.close();
        client.failed(why);
      });
    };
    const channel: Channel = {
      up,
      down,
      server: server(reply, fail) as ServerSide<never>,
      client: client as ClientSide<never>,
      serverOpen: true,
    };
    this.#channels.add(channel);
    const upward = (work: () => void) =>
      this.#whenOpen(() =>
        up.send(() => {
          if (this.#serverAlive) this.#etcd.whenAwake(() => channel.serverOpen && work());
        }),
      );
    return {
      send: (message) => upward(() => channel.server.receive(message as never)),
      close: () => {
        down.close();
        if (channel.serverOpen) upward(() => this.#leaveServer(channel));
        else this.#channels.delete(channel);
      },
    };
  }

  /** The client lets go of it. */
  end(why: string): void {
    if (!this.#clientAlive) return;
    this.#clientAlive = false;
    for (const leave of this.#leave) leave();
    for (const { down, client } of [...this.#channels]) {
      if (down.closed) continue;
      down.close();
      client.failed(why);
    }
    this.#control.up.send(() => this.#endServer("some"));
    this.#onEnd(why);
  }

  committed(revision: number): void {
    for (const { server, serverOpen } of this.#channels) if (serverOpen) server.committed?.(revision);
  }

  leaderLost(): void {
    for (const { server, serverOpen } of [...this.#channels]) if (serverOpen) server.leaderLost?.();
  }

  reset(): void {
    this.#endServer("none");
    this.#control.down.send(() => this.end("connection reset"));
  }

  frozen(): void {
    this.#silent();
  }

  thawed(): void {
    this.#thaws += 1;
  }

  #arrive(opened: () => void): void {
    if (this.#etcd.state === "down") {
      this.#serverAlive = false;
      this.#control.down.send(() => this.end("connection refused"));
      return;
    }
    this.#etcd.whenAwake(() => {
      if (!this.#serverAlive) return;
      this.#disconnect = this.#etcd.connect(this);
      this.#control.down.send(() => {
        if (!this.#clientAlive) return;
        const queued = this.#queued ?? [];
        this.#queued = undefined;
        opened();
        for (const work of queued) work();
      });
    });
  }

  #whenOpen(work: () => void): void {
    if (this.#queued !== undefined) this.#queued.push(work);
    else work();
  }

  #cut(): void {
    this.#endServer("some");
    this.end("connection reset");
  }

  #endServer(delivered: "none" | "some"): void {
    if (!this.#serverAlive) return;
    for (const { up } of this.#channels) up.close(delivered);
    this.#serverAlive = false;
    this.#disconnect();
    for (const channel of [...this.#channels]) this.#closeServer(channel);
  }

  #leaveServer(channel: Channel): void {
    this.#channels.delete(channel);
    this.#closeServer(channel);
  }

  #closeServer(channel: Channel): void {
    if (!channel.serverOpen) return;
    channel.serverOpen = false;
    channel.server.closed();
  }

  /** Nothing gets through from now on, and pings find out. */
  #silent(): void {
    const { clock, random, releases } = this.#link;
    const thaws = this.#thaws;
    clock.later(pingMs.soonest + pingMs.spread * random(), () => {
      const quiet = !this.#link.open || this.#etcd.state === "frozen";
      if (quiet && releases === this.#link.releases && thaws === this.#thaws) this.end("no answer to a ping");
    });
  }
}
