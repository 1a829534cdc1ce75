import { RevocabError } from "@revocab/core";
import type { GenerateBytesOptions } from "@revocab/measure";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { NamedModel } from "../../resolve-models.ts";
import { collect } from "./values.ts";

/** Models that vote on every byte. */
export interface VotingFlags extends Pick<GenerateBytesOptions, "weights" | "mean" | "with"> {
  readonly bytes?: boolean;
  /** Of `eval`: a text. */
  readonly fitWeights?: string;
}

export function withVotingOptions(command: Command): Command {
  return command
    .option("--with <model>", "with --bytes: a model that votes, of any tokenizer (repeatable)", collect)
    .option("--weights <list>", "the models' weights as 0.6,0.4, the first model's first (the same)", numbers)
    .addOption(
      new Option(
        "--mean <kind>",
        "the models' probabilities, or their logarithms, are averaged (arithmetic)",
      ).choices(["arithmetic", "geometric"]),
    );
}

/** @throws RevocabError `bad_options` for what is said of models that vote where none do */
export function requireVoters({ bytes = false, with: others, weights, mean, fitWeights }: VotingFlags): void {
  if (others !== undefined && !bytes) {
    throw new RevocabError("bad_options", "--with was given without --bytes", {
      hint: "models with different tokenizers vote on bytes: add --bytes",
    });
  }
  if (others !== undefined) return;
  const [flag] = [weights && "--weights", mean && "--mean", fitWeights && "--fit-weights"].filter(
    (name) => name !== undefined,
  );
  if (flag === undefined) return;
  throw new RevocabError("bad_options", `${flag} was given without --with`, {
    hint: "name the models that vote beside the first one with --with",
  });
}

/** The models by the names that `withResolvedModels` resolves them under. */
export function votersToResolve(
  first: string,
  { with: others = [] }: VotingFlags,
): Record<string, NamedModel> {
  return Object.fromEntries(
    [first, ...others].map((name, i) => [i === 0 ? "model" : `with ${i}`, { name, want: "model" }]),
  );
}

/** Folders of the models that {@link votersToResolve} named, as the library takes them. */
export function resolvedVoters(paths: Readonly<Record<string, string>>): {
  readonly model: string;
  readonly with: readonly string[];
} {
  const { model = "", ...others } = paths;
  return { model, with: Object.values(others) };
}

function numbers(value: string): readonly number[] {
  const found = value.split(",").map(Number);
  if (value.split(",").some((each) => each.trim() === "") || found.some((each) => !(each >= 0))) {
    throw new InvalidArgumentError("expected numbers of at least 0, as 0.6,0.4.");
  }
  return found;
}
