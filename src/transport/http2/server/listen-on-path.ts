import { lstat, unlink } from "node:fs/promises";
import { connect, createServer, type ListenOptions, type Server } from "node:net";
import { dirname, join } from "node:path";
import { type Clock, sleep } from "../../../time/time.js";
import { listen } from "./listen.js";

/** What `sun_path` holds beside the zero at its end. Node 20 cuts off the rest without a word. */
const maxPathBytes = process.platform === "win32" ? Number.POSITIVE_INFINITY : process.platform === "linux" ? 107 : 103;

/** Who finds another replacing the dead one looks again: that takes a few ms, and longer on a busy machine. */
const maxLooks = 100;
const lookEveryMs = 10;

/**
 * Has a server listen on a unix socket. The file that a dead server left behind is replaced; one in use, or of another
 * kind, is not. Of several that start over the same dead one at most one listens, but for the workers of a cluster: what
 * one of them listens on the others share, whenever they come.
 *
 * Who replaces it does so under a claim: a socket beside it, named after the dead one, that is there for as long as it
 * takes. A claim whose owner died on the way is dead itself, and replaced alike. What that does not cover: somebody who
 * removes files without a claim, as an operator may; and a process that stands still for as long as all this takes between
 * its `bind` and its `listen`, which follow each other at once: till then a living server looks dead.
 *
 * @throws Error EADDRINUSE where another has it, or is about to; and where it, or a claim beside it, has too long a name
 */
export async function listenOnPath(server: Server, path: string, clock: Clock): Promise<void> {
  for (let looks = 0; looks < maxLooks; looks++) {
    if (await takeOver(server, { path })) return;
    await sleep(clock, lookEveryMs);
  }
  await listen(server, { path }); // over the dead one, so that the system says why not
}

/**
 * Looks before it listens: Node's cluster counts how often a worker asks for a path, refused or not, and workers share
 * what they asked for equally often.
 *
 * @returns whether it listens; it does not while another replaces the dead one
 */
async function takeOver(server: Server, where: ListenOptions & { readonly path: string }): Promise<boolean> {
  const { path } = where;
  checkLength(path, "the path of the socket is too long");
  const dead = await deadSocket(path);
  if (dead === undefined) {
    await listen(server, where);
    return true;
  }
  const claimed = join(dirname(path), `.${dead.toString(36)}`);
  checkLength(
    claimed,
    "a dead server left its socket there, to be removed by hand: for a replacement the path is too long",
  );
  const claim = createServer((knock) => void knock.destroy());
  // Exclusive: the workers of a cluster would have one together.
  const isOurs = await takeOver(claim, { path: claimed, exclusive: true }).catch((reason) => {
    if (isCode(reason, "EADDRINUSE")) return false;
    throw reason;
  });
  if (!isOurs) return false;
  try {
    if ((await deadSocket(path)) === dead) await unlink(path);
    await listen(server, where);
    return true;
  } finally {
    await new Promise((resolve) => claim.close(resolve));
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
