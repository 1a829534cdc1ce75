import { readWeightFiles, type WeightFiles } from "@revocab/checkpoint";
import { RevocabError } from "@revocab/core";

/** The weight files of a hypernetwork; for formats that are not read, how to convert them. */
export async function networkFiles(directory: string): Promise<WeightFiles> {
  return readWeightFiles(directory).catch((cause: unknown) => {
    if (!(cause instanceof RevocabError) || cause.code !== "unsupported_checkpoint") throw cause;
    throw new RevocabError("unsupported_checkpoint", cause.message, {
      hint:
        "convert it where you trust its code: .bin by AutoModel.from_pretrained(FOLDER, trust_remote_code=True)" +
        ".save_pretrained(OUT, safe_serialization=True) in Python, flax_model.msgpack by scripts/convert_to_pt.py " +
        "of the zett repository; then copy the tokenizer files",
      cause,
    });
  });
}
