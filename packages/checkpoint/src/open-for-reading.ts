import { type FileHandle, open } from "node:fs/promises";
import { RevocabError } from "@revocab/core";

/** @throws RevocabError `missing_file` */
export async function openForReading(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (cause) {
    throw new RevocabError("missing_file", `${path} does not exist or cannot be read`, {
      hint: "download the model again, all files, and leave the folder alone while it is read",
      cause,
    });
  }
}
