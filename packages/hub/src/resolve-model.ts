import { RevocabError, showText } from "@revocab/core";
import { fetchRepository } from "./fetch-repository.ts";
import { hubClient } from "./hub-client.ts";
import { hubSettings } from "./hub-settings.ts";
import { modelReference } from "./model-reference.ts";
import type { ResolvedModel, ResolveOptions } from "./resolved-model.ts";

/**
 * Finds the model or tokenizer that a name means: a path of this machine, `ORG/NAME`, `ORG/NAME@REVISION` or an address
 * on the Hub. Files of the Hub go to the Hugging Face cache, each verified by its hash; those that are there already are
 * not asked for again. A path is never looked up.
 *
 * @example
 * const model = await resolveModel("HuggingFaceTB/SmolLM2-135M", { want: "model" });
 * await swapTokenizer({ model: model.directory, … });
 * @throws RevocabError `hub_missing`, `hub_denied`, `hub_unreachable`, `hub_failed`, `hub_damaged`; `missing_file` offline;
 *   `unsupported_checkpoint` for weights in no format that is read; `bad_options`; `no_space`, `write_failed`; `aborted`
 */
export async function resolveModel(text: string, options: ResolveOptions): Promise<ResolvedModel> {
  const settings = options.settings ?? hubSettings();
  const reference = modelReference(text, settings.endpoint);
  if (reference.kind === "path") {
    return {
      directory: reference.path,
      repository: undefined,
      weights: undefined,
      received: () => ({ bytes: 0, ofBytes: 0 }),
      close: async () => {},
    };
  }
  try {
    return await fetchRepository(hubClient(settings, options), reference, options);
  } catch (error) {
    throw /^[a-z]+:\/\//.test(text) ? error : orNoFolder(error, text);
  }
}

/** Someone who meant a folder must be told that it is not there. */
function orNoFolder(error: unknown, text: string): unknown {
  const isUnknown =
    error instanceof RevocabError && /^hub_(missing|denied|unreachable)$|^missing_file$/.test(error.code);
  if (!isUnknown) return error;
  const { code, message, hint, cause } = error;
  const added = `there is no folder ${showText(text, 200)} here, so it was taken for a repository`;
  return new RevocabError(code, message, { hint: hint === undefined ? added : `${hint}; ${added}`, cause });
}
