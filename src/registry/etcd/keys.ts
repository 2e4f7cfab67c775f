import type { Instance } from "../../contract/contract.js";
import { fromMessage, InstanceMessage, toMessage } from "../instance-message.js";

/** Keys from `key` up to, but not including, `range_end`; only `key` itself where there is no end. */
export interface KeyRange {
  readonly key: Buffer;
  readonly range_end?: Buffer;
}

/** `<prefix>/<service>/<id>` holds an instance as proto3 JSON, so that `etcdctl get` can be read. */
export class Keys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  of(instance: Instance): Buffer {
    return Buffer.from(`${this.#prefix}/${instance.service}/${instance.id}`);
  }

  service(service: string): KeyRange {
    return under(`${this.#prefix}/${service}/`);
  }

  everything(): KeyRange {
    return under(`${this.#prefix}/`);
  }

  encode(instance: Instance): Buffer {
    return Buffer.from(JSON.stringify(InstanceMessage.toJSON(toMessage(instance))));
  }

  /** @throws TypeError or SyntaxError for a value that is no instance, or not the one that belongs under the key */
  decode(key: string, value: Buffer): Instance {
    const instance = fromMessage(InstanceMessage.fromJSON(JSON.parse(value.toString())));
    const expected = this.of(instance).toString();
    if (key !== expected) throw new TypeError(`it says that it belongs under ${expected}`);
    return instance;
  }
}

/** Every key that begins so. The prefix ends with "/", and "0" is the character after it. */
function under(prefix: string): KeyRange {
  return { key: Buffer.from(prefix), range_end: Buffer.from(`${prefix.slice(0, -1)}0`) };
}
