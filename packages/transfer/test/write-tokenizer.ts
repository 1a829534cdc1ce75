import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SpecialRole } from "@revocab/core";
import { added, bpeModel, tokenizerJson } from "@revocab/test-support/tokenizer-json";

export interface TokenizerToWrite {
  /** Ids, all of them used. */
  readonly size: number;
  /** Special tokens by their string. */
  readonly specials: Readonly<Record<string, number>>;
  /** Strings of the specials that have a role. */
  readonly roles: Readonly<Partial<Record<SpecialRole, string>>>;
  /** Pairs that merge, in this order; each adds an entry. @default none */
  readonly merges?: readonly (readonly [string, string])[];
}

const CHARACTERS = " eatonsihrdlucmfwygpbvkxqjzETAONSIHRDLUCMFWYGPBVKXQJZ0123456789.,!?'-\n";

/** Writes a small BPE over characters: merges, then characters, fill the ids that the specials leave. */
export function writeTokenizer(
  folder: string,
  { size, specials, roles, merges = [] }: TokenizerToWrite,
): string {
  const taken = new Set(Object.values(specials));
  const free = Array.from({ length: size }, (_, id) => id).filter((id) => !taken.has(id));
  const entries = [...merges.map((pair) => pair.join("")), ...CHARACTERS].slice(0, free.length);
  if (entries.length < free.length) throw new Error(`${size} ids are more than the characters can fill`);
  const json = tokenizerJson({
    added: Object.entries(specials).map(([content, id]) => added(id, content)),
    decoder: { type: "Fuse" },
    model: bpeModel(
      { ...specials, ...Object.fromEntries(entries.map((entry, i) => [entry, free[i]])) },
      merges,
    ),
  });
  const config = {
    tokenizer_class: "PreTrainedTokenizerFast",
    // An auto_map keeps AutoTokenizer from the class of a model type, as some are forced on a tokenizer of any kind.
    auto_map: { AutoTokenizer: [null, "tokenization_plain.PlainTokenizer"] },
    ...Object.fromEntries(Object.entries(roles).map(([role, token]) => [`${role}_token`, token])),
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "tokenizer.json"), json);
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify(config));
  return folder;
}
