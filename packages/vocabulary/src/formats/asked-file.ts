import { OTHER_WRITINGS } from "../tokenizer-files.ts";

/**
 * A file that is asked for by its path, when it is no tokenizer.json: the name it is read by, and the neighbours that
 * belong to it. `undefined` for anything else.
 */
export function askedFile(
  name: string,
): { readonly name: string; readonly partners: readonly string[] } | undefined {
  const pair = PAIRS.find((files) => files.includes(name));
  if (pair !== undefined) return { name, partners: pair.filter((other) => other !== name) };
  if (isTekken(name)) return { name: "tekken.json", partners: [] };
  if (name === "vocab.txt" || name.endsWith(".tiktoken")) return { name, partners: [] };
  const isModel = name.endsWith(".model") || name.endsWith(".spm");
  if (isModel) return { name: OTHER_WRITINGS.includes(name) ? name : "tokenizer.model", partners: [] };
  return undefined;
}

/** `tekken.json`, also under a name that has a date, such as `tekken_240911.json`. */
export function isTekken(name: string): boolean {
  return name.includes("tekken") && name.endsWith(".json");
}

const PAIRS = [
  ["vocab.json", "merges.txt"],
  ["encoder.json", "vocab.bpe"],
];
