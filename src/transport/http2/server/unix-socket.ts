import { lstat, unlink } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { listen } from "./listen.js";

/**
 * Has a server listen on a unix socket. The file that a dead server left behind is replaced; one in use, or of another
 * kind, is not. Of several that start over the same dead one at most one listens.
 *
 * Who replaces it does so under a claim: a socket beside it, named after the dead one, that is there for as long as it
 * takes. A claim whose owner died on the way is dead itself, and replaced alike. What that does not cover: somebody who
 * removes files without a claim, as an operator may; and a process that stands still for as long as all this takes between
 * its `bind` and its `listen`, which follow each other at once: till then a living server looks dead.
 *
 * @throws Error EADDRINUSE where another has it, or is about to
 */
export async function listenOnPath(server: Server, path: string): Promise<void> {
  try {
    await listen(server, { path });
  } catch (cause) {
    if (!isCode(cause, "EADDRINUSE")) throw cause;
    const dead = await deadSocket(path);
    if (dead === undefined) throw cause;
    const claim = createServer((knock) => void knock.destroy());
    await listenOnPath(claim, join(dirname(path), `.${dead.toString(36)}`)).catch((reason) => {
      throw isCode(reason, "EADDRINUSE") ? cause : reason;
    });
    try {
      if ((await deadSocket(path)) === dead) await unlink(path);
      await listen(server, { path });
    } finally {
      await new Promise((resolve) => claim.close(resolve));
    }
  }
}

/** The inode of a socket behind which nobody listens; undefined for anything else. */
async function deadSocket(path: string): Promise<bigint | undefined> {
  const file = await lstat(path, { bigint: true }).catch(() => undefined);
  return file?.isSocket() && (await isAbandoned(path)) ? file.ino : undefined;
}

function isAbandoned(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const knock = connect({ path });
    knock.once("connect", () => {
      knock.destroy();
      resolve(false);
    });
    knock.once("error", (cause) => resolve(isCode(cause, "ECONNREFUSED")));
  });
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
