import { z } from "zod";

/** A path that a command line gives. */
export const filePath = z.string().min(1);
