/** How far a writer may be ahead of the connection: what is written in one turn of the loop leaves in one write. */
export const writeWindowBytes: number = 64 * 1024;

/** Before every message: an empty one is under way, too. */
export const prefixBytes = 5;
