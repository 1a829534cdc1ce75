import { DIGIT_SCHEMES, PURE_SCHEMES } from "@revocab/vocabulary/internal";
import { z } from "zod";

/** The `format` of a plan file in its safetensors metadata; a reader refuses any other. */
export const PLAN_FORMAT = "revocab-plan";
/** The `version` of a plan file in its safetensors metadata; a reader refuses any other. */
export const PLAN_VERSION = "1";

const role = z.enum(["input", "output"]);
const count = z.number().int().nonnegative();
const positive = z.number().positive();

/** How a tokenizer splits the numbers 0 … 9999. */
const digitScheme = z.object({
  name: z.enum(DIGIT_SCHEMES),
  fitting: z.record(z.enum(PURE_SCHEMES), count),
  unwritable: count,
  changedBySpace: count,
  shapes: z.record(z.string().regex(/^[1-4](\+[1-3]){0,3}$/), count),
  examples: z.record(z.string(), z.string().nullable()),
});

/**
 * The metadata of a plan file: JSON under `plan`. The numbers are tensors:
 *
 * | tensor | dtype, shape | |
 * |---|---|---|
 * | `SLOT/offsets`, `SLOT/sources`, `SLOT/weights` | U32 [V_t + 1], U32 [nnz], F32 [nnz] | the mixture |
 * | `SLOT/basis` | F32 [x × d] | basis rows, numbered from V_s |
 * | `SLOT/dense_ids`, `SLOT/dense_rows` | U32 [k], F32 [k × d] | rows that are no sum |
 * | `SLOT/origin` | U8 [V_t] | index into `origins`: the method that initialized the row |
 * | `source/label_offsets`, `source/labels` | U32 [V_s + 1], U8 | source tokens as people read them |
 * | `target/FILE` | U8 | the files of the target tokenizer |
 */
export const planWords = z.object({
  recipe: z.object({
    methods: z.array(
      z.object({
        name: z.string(),
        options: z.record(z.string(), z.unknown()),
        paper: z.string().optional(),
      }),
    ),
    seed: count,
    untie: z.boolean(),
    role: role.nullable(),
    padToMultipleOf: z.number().int().positive().nullable(),
    specials: z.array(z.string()).readonly().optional(),
    eos: z.string().optional(),
    donor: z.string().optional(),
    /** Older plans have none: they left the tokenizer as it was. */
    specialTokens: z.enum(["model", "target"]).default("target"),
    rows: z.number().int().positive().nullable().default(null),
  }),
  source: z.object({
    name: z.string(),
    modelType: z.string(),
    fingerprint: z.string(),
    rows: count,
    tied: z.boolean(),
  }),
  target: z.object({
    name: z.string(),
    fingerprint: z.string(),
    rows: count,
    files: z.array(z.string()),
    /** sha256 of the tokenizer's files as they were given; older plans have none, as `files` are unchanged. */
    inputs: z.record(z.string(), z.string()).optional(),
    /** The class by which AutoTokenizer opens the tokenizer; older plans have none. */
    className: z.string().optional(),
  }),
  tables: z.array(z.object({ slot: z.string(), role, origins: z.array(z.string()).max(255) })),
  alignment: z.object({
    shared: count,
    specialByRole: count,
    specialByString: count,
    spelled: count,
    byteOnly: count,
    withoutEvidence: count,
    unused: count,
    duplicates: z.object({ source: count, target: count }),
    withoutEvidenceExamples: z.array(count),
  }),
  /** Older plans have none. */
  digits: z.object({ source: digitScheme, target: digitScheme, alike: count }).optional(),
  notes: z.array(z.string()),
  /** Only where rows were trained. */
  training: z
    .object({
      text: z.object({ name: z.string(), documents: count, bytes: count, sha256: z.string() }),
      teacher: z.string().optional(),
      budget: z.discriminatedUnion("kind", [
        z.object({ kind: z.literal("time"), seconds: positive }),
        z.object({ kind: z.literal("tokens"), tokens: positive }),
        z.object({ kind: z.literal("steps"), steps: positive }),
      ]),
      learn: z.enum(["text", "new", "all", "chosen"]),
      context: count.nullable(),
      batchTokens: count.nullable(),
      objective: z.enum(["lm", "distill", "alm"]),
      bestStep: count,
      steps: count,
      tokens: count,
      rate: positive,
      seed: count,
      learned: z.record(z.string(), count),
      heldOut: z.object({ bytes: count, before: z.number(), after: z.number() }),
      ended: z.enum(["budget", "no better", "not finite", "told to"]),
    })
    .optional(),
});

export type PlanWords = z.infer<typeof planWords>;
