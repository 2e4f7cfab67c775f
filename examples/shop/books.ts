import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

/** Where the shop keeps its books: in the shared section of its configuration, for everybody must find the same. */
export const books = z.object({ folder: z.string().default(join(tmpdir(), "hawser-shop")) });
