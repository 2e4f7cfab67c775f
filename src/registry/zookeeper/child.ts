import type { Instance } from "../../contract/contract.js";
import { reasonOf } from "../failures.js";
import type { Nodes } from "./nodes.js";
import type { Connection } from "./wire/connection.js";
import { errorCode, hasCode } from "./wire/protocol.js";

/** What stands in one child of a service's node. */
export interface Child {
  readonly instance?: Instance;
  /** Why there is no instance. */
  readonly reason?: string;
}

/**
 * Reads one child, and watches it where it may. One that is forbidden or makes no sense takes nothing from the others.
 *
 * @returns undefined where there is no such child
 */
export async function readChild(connection: Connection, nodes: Nodes, path: string): Promise<Child | undefined> {
  let data: Buffer | undefined;
  try {
    data = (await connection.data(path))?.data;
  } catch (error) {
    if (!hasCode(error, errorCode.NO_AUTH)) throw error;
    return { reason: `${path}: it may not be read; check its ACL` };
  }
  try {
    return data && { instance: nodes.read(path, data) };
  } catch (error) {
    return { reason: `${path}: ${reasonOf(error, "")}` };
  }
}
