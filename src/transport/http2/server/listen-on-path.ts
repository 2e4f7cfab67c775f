import { lstat, unlink } from "node:fs/promises";
import { connect, createServer, type ListenOptions, type Server } from "node:net";
import { dirname, join } from "node:path";
import { listen } from "./listen.js";

/** What `sun_path` holds beside the zero at its end. Node 20 cuts off the rest without a word. */
const maxPathBytes = process.platform === "win32" ? Number.POSITIVE_INFINITY : process.platform === "linux" ? 107 : 103;

/**
 * Has a server listen on a unix socket. The file that a dead server left behind is replaced; one in use, or of another
 * kind, is not. Of several that start over the same dead one at most one listens.
 *
 * Who replaces it does so under a claim: a socket beside it, named after the dead one, that is there for as long as it
 * takes. A claim whose owner died on the way is dead itself, and replaced alike. What that does not cover: somebody who
 * removes files without a claim, as an operator may; and a process that stands still for as long as all this takes between
 * its `bind` and its `listen`, which follow each other at once: till then a living server looks dead.
 *
 * @throws Error EADDRINUSE where another has it, or is about to; and where it, or a claim beside it, has too long a name
 */
export function listenOnPath(server: Server, path: string): Promise<void> {
  return takeOver(server, { path });
}

async function takeOver(server: Server, where: ListenOptions & { readonly path: string }): Promise<void> {
  const { path } = where;
  checkLength(path, "the path of the socket is too long");
  try {
    await listen(server, where);
  } catch (cause) {
    if (!isCode(cause, "EADDRINUSE")) throw cause;
    const dead = await deadSocket(path);
    if (dead === undefined) throw cause;
    const claimed = join(dirname(path), `.${dead.toString(36)}`);
    checkLength(
      claimed,
      "a dead server left its socket there, to be removed by hand: for a replacement the path is too long",
    );
    const claim = createServer((knock) => void knock.destroy());
    // Exclusive: the workers of a cluster would have one together.
    await takeOver(claim, { path: claimed, exclusive: true }).catch((reason) => {
      throw isCode(reason, "EADDRINUSE") ? cause : reason;
    });
    try {
      if ((await deadSocket(path)) === dead) await unlink(path);
      await listen(server, where);
    } finally {
      await new Promise((resolve) => claim.close(resolve));
    }
  }
}

/** @throws Error */
function checkLength(path: string, problem: string): void {
  const excess = Buffer.byteLength(path) - maxPathBytes;
  if (excess > 0) throw new Error(`${problem} (by ${excess} bytes)`);
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
