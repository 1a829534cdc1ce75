import { z } from "zod";

/** What a folder with a large vocabulary has beside the files of its tokenizer. */
export const FILES = {
  /** {@link vocabularyFacts}, JSON. */
  facts: "large-vocabulary.json",
  /** Safetensors: `input` and, where the head has rows of its own, `output`, both BF16 [V × d]; `output.bias`, F32 [V]. */
  rows: "rows.safetensors",
  /** Safetensors: the index over the head's rows, see save-index.ts. */
  index: "index.safetensors",
} as const;

export const VOCABULARY_FORMAT = "revocab-large-vocabulary";
export const VOCABULARY_VERSION = 1;

const count = z.number().int().nonnegative();
const share = z.number().positive().max(1);

/** How much of what matters a search of a share of the index finds, on hidden states of a text. */
const measuredShare = z.object({
  share,
  /** The share of positions at which it finds the most probable token. */
  first: z.number().min(0).max(1),
  /** The mean over the positions: of the probability that the shortlist of all rows has, how much this shortlist has. */
  mass: z.number().min(0).max(1.001),
});

export const vocabularyFacts = z.object({
  format: z.literal(VOCABULARY_FORMAT),
  version: z.literal(VOCABULARY_VERSION),
  /** The model whose rows the old tokens have. */
  source: z.object({ name: z.string(), rows: count, fingerprint: z.string() }),
  tokenizer: z.object({ files: z.array(z.string()), className: z.string() }),
  /** V: rows, holes and padding included. */
  rows: count,
  /** Tokens that the model does not have. */
  added: count,
  /** The methods that initialized rows. */
  methods: z.array(z.string()),
  index: z.object({
    clusters: count,
    /** The share of the rows that is looked at for a token. */
    share,
    /** What was measured to choose it: positions of a text, the shortlist, and what the shares found. */
    measured: z.object({ positions: count, shortlist: count, shares: z.array(measuredShare) }).optional(),
  }),
});

/** What `large-vocabulary.json` says. */
export type VocabularyFacts = z.infer<typeof vocabularyFacts>;
