import { z } from "zod";

/** Where those that keep something keep it. */
export const books = z.object({ folder: z.string().default("data") });
