import { readdir } from "node:fs/promises";
import { RevocabError } from "@revocab/core";
import type { FileSource } from "./file-source.ts";
import { openForReading } from "./open-for-reading.ts";
import { readExactly } from "./read-exactly.ts";

/** The files of this machine's disks. */
export const localFiles: FileSource = {
  async list(directory) {
    try {
      return await readdir(directory);
    } catch (cause) {
      throw new RevocabError("missing_file", `${directory} is no folder that can be read`, {
        hint: "give the folder of a model: config.json and *.safetensors",
        cause,
      });
    }
  },
  async open(path) {
    const handle = await openForReading(path);
    try {
      const { size } = await handle.stat();
      return {
        bytes: size,
        read: (into, position) => readExactly(handle, into, position, path),
        close: () => handle.close(),
      };
    } catch (error) {
      await handle.close();
      throw error;
    }
  },
};
