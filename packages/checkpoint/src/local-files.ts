import { readdir } from "node:fs/promises";
import { RevocabError, showText } from "@revocab/core";
import { markOf, openFile } from "@revocab/files";
import type { FileSource } from "./file-source.ts";
import { readExactly } from "./read-exactly.ts";

const WHOLE_MODEL = "download the model again, all files, and leave the folder alone while it is read";

/** The regular files of this machine's disks, through links too: what a link leads to is read as safetensors alone. */
export const localFiles: FileSource = {
  async list(directory) {
    try {
      return await readdir(directory);
    } catch (cause) {
      throw new RevocabError("missing_file", `${showText(directory)} is no folder that can be read`, {
        hint: "give the folder of a model: config.json and *.safetensors",
        cause,
      });
    }
  },
  async open(path) {
    const handle = await openFile(path, { hint: WHOLE_MODEL });
    try {
      const mark = await markOf(handle);
      return {
        bytes: Number(mark.bytes),
        mark,
        read: (into, position) => readExactly(handle, into, position, path),
        close: () => handle.close(),
      };
    } catch (error) {
      await handle.close();
      throw error;
    }
  },
};
