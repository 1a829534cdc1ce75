/** A tokenizer.json that was checked before, as plain JSON: a conversion changes some of it and keeps the rest. */
export interface TokenizerDocument {
  readonly [field: string]: unknown;
  readonly added_tokens?: readonly AddedTokenDocument[] | null;
  readonly normalizer?: ComponentDocument | null;
  readonly pre_tokenizer?: ComponentDocument | null;
  readonly post_processor?: ComponentDocument | null;
  readonly model: ModelDocument;
}

export interface ModelDocument {
  readonly [field: string]: unknown;
  readonly vocab: Readonly<Record<string, number>> | readonly (readonly [piece: string, score: number])[];
  readonly merges?: readonly (string | readonly [string, string])[];
}

export interface AddedTokenDocument {
  readonly id: number;
  readonly content: string;
  readonly [field: string]: unknown;
}

export interface ComponentDocument {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Merges as pairs, however the file writes them. */
export function mergesOf({ merges = [] }: ModelDocument): (readonly [string, string])[] {
  return merges
    .filter((merge) => typeof merge !== "string" || !merge.startsWith("#version"))
    .map((merge) => (typeof merge === "string" ? (merge.split(" ") as [string, string]) : merge));
}
