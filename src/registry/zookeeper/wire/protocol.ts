import type { JuteReader, JuteWriter } from "./jute.js";

/**
 * The part of ZooKeeper's protocol that a registry needs: zookeeper.jute and ZooDefs.java of ZooKeeper 3.8, unchanged since
 * 3.4. The longer names are ZooKeeper's own.
 */
export const op = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  ping: 11,
  getChildren: 8,
  multi: 14,
  auth: 100,
  closeSession: -11,
} as const;

/** In place of a request's number. */
export const xid = { event: -1, ping: -2, auth: -4 } as const;

export const errorCode = {
  CONNECTION_LOSS: -4,
  NO_NODE: -101,
  NO_AUTH: -102,
  BAD_VERSION: -103,
  NODE_EXISTS: -110,
  NOT_EMPTY: -111,
  SESSION_EXPIRED: -112,
  INVALID_ACL: -114,
  AUTH_FAILED: -115,
} as const;

const names = new Map<number, string>(Object.entries(errorCode).map(([name, code]) => [code, name]));

/** What ZooKeeper refused a request with, or why it could not be asked. */
export class ZooKeeperError extends Error {
  readonly code: number;

  constructor(code: number, message: string = names.get(code) ?? `error ${code}`) {
    super(message);
    this.name = "ZooKeeperError";
    this.code = code;
  }
}

export function hasCode(error: unknown, ...codes: readonly number[]): boolean {
  return error instanceof ZooKeeperError && codes.includes(error.code);
}

/** What a client holds of its session, and resumes it with. */
export interface Ticket {
  /** 0 for a session that is yet to be made. */
  readonly id: bigint;
  readonly password: Buffer;
  /** As asked for, or as the server has granted it. 0 or less from a server that does not know the session any more. */
  readonly timeoutMs: number;
}

export function writeConnect(to: JuteWriter, ticket: Ticket, lastZxid: bigint): JuteWriter {
  return to.int(0).long(lastZxid).int(ticket.timeoutMs).long(ticket.id).buffer(ticket.password).bool(false);
}

export function readConnected(from: JuteReader): Ticket {
  from.int();
  const timeoutMs = from.int();
  return { id: from.long(), timeoutMs, password: Buffer.from(from.buffer()) };
}

/** Something happened to a node that was read with a watch, or to its children. */
export interface NodeEvent {
  readonly path: string;
}

export function readEvent(from: JuteReader): NodeEvent {
  from.int();
  from.int();
  return { path: from.string() };
}

export interface Stat {
  readonly version: number;
  /** The session that the node lives as long as; 0 where it stays. */
  readonly owner: bigint;
}

export function readStat(from: JuteReader): Stat {
  for (let times = 0; times < 4; times++) from.long(); // czxid, mzxid, ctime, mtime
  const version = from.int();
  from.int(); // cversion
  from.int(); // aversion
  const owner = from.long();
  from.int(); // dataLength
  from.int(); // numChildren
  from.long(); // pzxid
  return { version, owner };
}

export interface Acl {
  readonly permissions: number;
  readonly scheme: string;
  readonly id: string;
}

const allPermissions = 31;
const readPermission = 1;

/** Everybody may do everything. */
export const openAcl: readonly Acl[] = [{ permissions: allPermissions, scheme: "world", id: "anyone" }];

/** Who made a node may do everything, and everybody may read. */
export const creatorAcl: readonly Acl[] = [
  { permissions: allPermissions, scheme: "auth", id: "" },
  { permissions: readPermission, scheme: "world", id: "anyone" },
];

export interface NewNode {
  readonly path: string;
  readonly data: Buffer;
  readonly acl: readonly Acl[];
  /** Lives as long as the session of who makes it. */
  readonly ephemeral: boolean;
}

export function writeCreate(to: JuteWriter, { path, data, acl, ephemeral }: NewNode): JuteWriter {
  to.string(path).buffer(data).int(acl.length);
  for (const { permissions, scheme, id } of acl) to.int(permissions).string(scheme).string(id);
  return to.int(ephemeral ? 1 : 0);
}

/** Deletes a node and makes it anew, both or neither. */
export function writeReplace(to: JuteWriter, node: NewNode, version: number): JuteWriter {
  to.int(op.delete).bool(false).int(-1).string(node.path).int(version);
  to.int(op.create).bool(false).int(-1);
  return writeCreate(to, node).int(-1).bool(true).int(-1);
}

/** @throws ZooKeeperError of the first part that was refused */
export function readReplaced(from: JuteReader): void {
  for (;;) {
    const type = from.int();
    const done = from.bool();
    from.int();
    if (done) return;
    if (type === op.create) from.string();
    if (type !== -1) continue;
    const code = from.int();
    if (code !== 0) throw new ZooKeeperError(code);
  }
}
