import { RevocabError } from "@revocab/core";
import type { Adapter } from "./open-adapter.ts";

/** An adapter that holds something per token which no plan can rewrite. */
export function refuseAdapter({ config, directory }: Adapter, what: string): RevocabError {
  return new RevocabError(
    "unsupported_checkpoint",
    `the adapter ${directory} (${String(config.peft_type)}) cannot follow the vocabulary: ${what}`,
    { hint: "merge it into its base first (peft: merge_and_unload), and swap the merged model" },
  );
}
