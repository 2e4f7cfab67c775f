import type { Instance } from "../../contract/contract.js";
import { fromMessage, InstanceMessage, toMessage } from "../instance-message.js";
import type { ResolvedZooKeeperOptions } from "./options.js";
import { creatorAcl, type NewNode, openAcl } from "./wire/protocol.js";

/** A server closes the connection on whoever sends it more than 1 048 575 bytes, and all its registrations with it. */
const mostBytes = 1_000_000;

/** How instances are laid out: `<prefix>/<service>/<id>` holds one as proto3 JSON, as in etcd. */
export class Nodes {
  readonly prefix: string;
  readonly #acl: NewNode["acl"];

  constructor({ prefix, digest }: ResolvedZooKeeperOptions) {
    this.prefix = prefix;
    this.#acl = digest === undefined ? openAcl : creatorAcl;
  }

  /** @throws TypeError for a name that ZooKeeper cannot have */
  ofService(service: string): string {
    return `${this.prefix}/${segment(service)}`;
  }

  /** @throws TypeError for an instance that ZooKeeper cannot carry */
  of(instance: Instance): NewNode {
    const { service, id } = instance;
    const data = Buffer.from(JSON.stringify(InstanceMessage.toJSON(toMessage(instance))));
    if (data.length > mostBytes) {
      throw new TypeError(`instance "${id}": it is ${data.length} bytes, and ZooKeeper carries ${mostBytes}`);
    }
    return { path: `${this.ofService(service)}/${segment(id)}`, data, acl: this.#acl, ephemeral: true };
  }

  /** The persistent nodes above, outermost first. */
  above({ path }: NewNode): readonly NewNode[] {
    const parts = path.split("/").slice(1, -1);
    return parts.map((_, index) => ({
      path: `/${parts.slice(0, index + 1).join("/")}`,
      data: Buffer.alloc(0),
      acl: this.#acl,
      ephemeral: false,
    }));
  }

  /** @throws TypeError or SyntaxError for a value that is no instance, or one that belongs elsewhere */
  read(path: string, data: Buffer): Instance {
    const instance = fromMessage(InstanceMessage.fromJSON(JSON.parse(data.toString())));
    const expected = `${this.prefix}/${instance.service}/${instance.id}`;
    if (path === expected) return instance;
    throw new TypeError(`it says that it belongs under ${expected}`);
  }
}

function segment(name: string): string {
  if (name !== "." && name !== "..") return name;
  throw new TypeError(`"${name}": ZooKeeper has no such names`);
}
