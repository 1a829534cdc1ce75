import { fingerprint, type Tokenizer, tokenizerFromFiles } from "@revocab/vocabulary";

/** The tokenizer of a planned model as plain values; {@link tokenizerOf} makes one that encodes. */
export interface PlanTarget {
  readonly name: string;
  /** The path that the tokenizer was read from, or a label, for messages. */
  readonly origin: string;
  /** File name → content, fitted to the model, as they will be written. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The class by which AutoTokenizer opens these files. */
  readonly className: string;
  /** sha256 by name of the tokenizer's files before they were fitted. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Of the vocabulary. */
  readonly fingerprint: string;
  /** Ids of the vocabulary. */
  readonly tokens: number;
  /** Rows of the target matrices, padding included. */
  readonly rows: number;
}

/** So that the files of a target are parsed once. Kept beside the target, which has plain values only. */
const TOKENIZERS = new WeakMap<PlanTarget, Tokenizer>();

/** The tokenizer that a planned model will have; parsed once for each target object. */
export function tokenizerOf(target: PlanTarget): Tokenizer {
  const known = TOKENIZERS.get(target);
  if (known !== undefined) return known;
  const { files, origin, className } = target;
  const tokenizer = tokenizerFromFiles(files, origin, { className });
  TOKENIZERS.set(target, tokenizer);
  return tokenizer;
}

/** The target of a plan whose tokenizer is open; {@link tokenizerOf} gives that one. */
export function planTarget(
  tokenizer: Tokenizer,
  { name, inputs, rows }: Pick<PlanTarget, "name" | "inputs" | "rows">,
): PlanTarget {
  const { origin, files, reference, vocabulary } = tokenizer;
  const target: PlanTarget = {
    name,
    origin,
    files,
    className: reference.className,
    inputs,
    fingerprint: fingerprint(vocabulary),
    tokens: vocabulary.size,
    rows,
  };
  TOKENIZERS.set(target, tokenizer);
  return target;
}
