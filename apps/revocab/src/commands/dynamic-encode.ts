import { RevocabError } from "@revocab/core";
import type { MergeDegree } from "@revocab/dynamic-tokenization";
import type { Command } from "commander";
import { withResolvedModels } from "../resolve-models.ts";
import { runCommand } from "../run-command.ts";
import { MODEL_HELP, type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";
import { degreesOf, type MergingFlags, withMergingOptions } from "./options/merging.ts";
import { documentsOption, type ScoringFlags } from "./options/scoring.ts";
import { wholeNumber, withThreads } from "./options/values.ts";

interface Flags extends ModelFlags, MergingFlags, Pick<ScoringFlags, "maxBytes" | "documents"> {
  readonly text: string;
  readonly hypernetwork?: string;
  readonly language?: string;
}

export function registerDynamicEncode(dynamic: Command): void {
  const command = dynamic
    .command("encode")
    .summary("write a text in merged tokens")
    .description(
      "Merge the most frequent pairs of tokens of a text until it has lost a share of its tokens: the merges, the tokens, the lengths before and after.",
    )
    .argument("<model>", MODEL_HELP)
    .requiredOption("--text <file>", "a UTF-8 text, whose documents are one batch");
  withMergingOptions(command, {
    reduction: "the share of its tokens that the text loses (10%)",
    merges: "how many pairs are merged, in the place of --reduction",
  })
    .option("--hypernetwork <folder>", "a hypernetwork for the model: predicts rows of the merged tokens")
    .option("--language <name>", "its language, where the hypernetwork asks for one")
    .option(
      "--max-bytes <n>",
      "read the first documents of the text up to so many bytes",
      wholeNumber(1),
      1_000_000,
    )
    .addOption(documentsOption());
  withModelOptions(withThreads(command, "threads of the runtime (all cores)")).action(
    async (name: string, flags: Flags) => {
      const { encodeFile } = await import("@revocab/dynamic-tokenization");
      const { presentEncoding } = await import("../present/present-dynamic.ts");
      await runCommand(
        command,
        (context) => {
          const { text, hypernetwork, language, boundaries, maxBytes, documents: split } = flags;
          const degree = oneDegree(flags);
          return withResolvedModels(context, { model: { name, want: "model" } }, ({ paths }) =>
            encodeFile({
              ...paths,
              ...modelOptions(flags),
              ...{ text, hypernetwork, language, degree, boundaries, maxBytes, split },
              ...context,
            }),
          );
        },
        presentEncoding,
        { readsOnly: true },
      );
    },
  );
}

/** @throws RevocabError `bad_options` for several */
function oneDegree(flags: Flags): MergeDegree {
  const [degree, ...more] = degreesOf(flags, [{ reduction: 0.1 }]);
  if (degree !== undefined && more.length === 0) return degree;
  throw new RevocabError("bad_options", `${more.length + 1} degrees of merging were given, expected one`, {
    hint: "a text is written in one way: revocab eval --dynamic compares several",
  });
}
