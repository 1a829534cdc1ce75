import { RevocabError, showMessage } from "@revocab/core";
import { InputFolder, parseJson } from "@revocab/files";
import { planWords } from "@revocab/plan/internal";
import { z } from "zod";

/** What a review takes from `revocab.json`: it may come from anyone, so all of it is checked. */
export type ReviewedReport = z.infer<typeof reportWords>;

/** A score before or after a swap. */
export type ReviewedScore = z.infer<typeof scoreWords>;

/**
 * Reads the report that a swap, an edit or a training wrote into its folder.
 * @throws RevocabError `missing_file` where there is none, `bad_file` for one of another form
 */
export async function readReport(directory: string): Promise<ReviewedReport> {
  const folder = new InputFolder(directory);
  if (!(await folder.has(REPORT))) {
    throw new RevocabError(
      "missing_file",
      `${directory} has no ${REPORT}, expected a model that revocab wrote`,
      {
        hint: "give the folder that `swapTokenizer` has written, or a plan that `savePlan` has written",
      },
    );
  }
  const text = (await folder.read(REPORT, { most: MAX_REPORT_BYTES, hint: HINT })).toString("utf8");
  return parseReport(text, `${directory}/${REPORT}`);
}

/**
 * Reads the text of a `revocab.json`.
 * @param origin where it is from, for errors
 * @throws RevocabError `bad_file`
 */
export function parseReport(text: string, origin: string): ReviewedReport {
  const value = parseJson(text, { origin, code: "bad_file", hint: HINT });
  const { success, data, error } = reportWords.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  throw new RevocabError(
    "bad_file",
    `${origin} is wrong at ${showMessage(issue?.path.join(".") || "its top")}: ${showMessage(String(issue?.message))}`,
    { hint: HINT },
  );
}

const REPORT = "revocab.json";
/** That of an edit with 100,000 tokens has about 20 MB. */
const MAX_REPORT_BYTES = 200e6;
const HINT = "write the model again with this revocab";

const { shape: plan } = planWords;
const count = z.number().int().nonnegative();
const figure = z.number();
const strings = z.array(z.string()).readonly();
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const input = z.object({
  name: z.string(),
  revision: z.string().nullable(),
  fingerprint: z.string(),
  files: z.record(z.string(), hash),
});
/** The text of an edit: lines from code have no name and no hash. */
const text = z.union([z.object({ name: z.null() }), z.object({ name: z.string(), sha256: hash })]);
const edit = z.object({
  learn: z.object({ text, count, minimumCount: figure.nullable(), spare: text.nullable() }).nullable(),
  tokens: z.object({ name: z.string(), sha256: hash, asWritten: z.boolean() }).nullable(),
  pieces: z.array(z.unknown()),
  addedTokens: z.array(z.unknown()),
  renames: z.array(z.object({ from: z.string(), to: z.string() })).optional(),
  renamedRows: z.enum(["keep", "make"]).optional(),
  eos: z.string().optional(),
  skipRefused: z.boolean(),
  prune: z
    .object({
      keepFor: text.nullable(),
      keep: z.array(count),
      atMost: count.nullable(),
      keepIds: z.boolean(),
    })
    .nullable(),
});

const score = { bytesPerToken: figure, tokens: count, notes: strings };
/** The schema of a score in it. */
export const scoreWords = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("bits-per-byte"),
    bitsPerByte: figure,
    bitsPerToken: figure,
    ...score,
  }),
  z.object({
    kind: z.literal("pseudo-likelihood"),
    pseudoBitsPerByte: figure,
    pseudoBitsPerToken: figure,
    ...score,
  }),
]);

const loss = { count, bits: figure, mean: figure, share: figure };
const lossesWords = z.object({
  bits: figure,
  bytes: count,
  bitsPerByte: figure.nullable(),
  scoredTokens: count,
  differentTokens: count,
  tokens: z.array(z.object({ id: count, token: z.string(), ...loss })),
  groups: z.array(
    z.object({
      group: z.enum(["word", "letters", "digits", "signs", "white space", "bytes", "special"]),
      shareOfTokens: figure,
      ...loss,
    }),
  ),
  documents: z.array(
    z.object({
      begins: z.string(),
      bytes: count,
      tokens: count,
      scoredTokens: count,
      bits: figure,
      bitsPerByte: figure.nullable(),
    }),
  ),
});
const stretchBits = z.object({ bits: figure, tokens: strings });
const comparedLosses = z.object({
  bytes: count,
  documentsLeftOut: count,
  stretches: z.array(
    z.object({ text: z.string(), count, before: stretchBits, after: stretchBits, difference: figure }),
  ),
  places: z.array(
    z.object({
      document: count,
      context: z.tuple([z.string(), z.string(), z.string()]),
      before: figure,
      after: figure,
    }),
  ),
});

const hidden = z.object({ mean: figure, median: figure });

/** The schema of a `revocab.json` as far as a review reads it. */
export const reportWords = z.object({
  revocab: z.string(),
  recipe: plan.recipe.extend({ edit: edit.optional() }),
  source: z.object({ name: z.string(), modelType: z.string(), rows: count, tied: z.boolean() }),
  target: z.object({ name: z.string(), tokens: count, rows: count }),
  alignment: plan.alignment,
  digits: plan.digits,
  tables: z.array(
    z.object({
      slot: z.string(),
      role: z.enum(["input", "output"]),
      origins: z.record(z.string(), count),
    }),
  ),
  inputs: z.object({ source: input, target: input }),
  config: z.array(
    z.object({ file: z.string(), path: z.string(), from: z.unknown().optional(), to: z.unknown() }),
  ),
  configNotes: strings,
  parameters: z.object({ before: count, after: count }),
  gate: z.object({
    checks: z.array(z.object({ name: z.string(), detail: z.string() })),
    notes: strings,
  }),
  evaluation: z
    .object({
      text: z.object({ name: z.string(), documents: count, bytes: count, notes: strings }),
      before: scoreWords,
      after: scoreWords,
      byToken: z
        .object({ before: lossesWords, after: lossesWords, compared: comparedLosses.nullable() })
        .optional(),
    })
    .nullable(),
  comparison: z
    .object({
      text: z.object({ bytes: count, documents: count }),
      training: z.object({ steps: count }).optional(),
      source: scoreWords,
      methods: z.array(
        z.object({
          name: z.string(),
          options: z.record(z.string(), z.unknown()),
          evaluation: scoreWords,
          after: z.object({ evaluation: scoreWords }).optional(),
          leaveOut: z.object({
            tables: z.array(
              z.object({ slot: z.string(), cosine: hidden, rank: z.object({ median: figure }) }),
            ),
          }),
        }),
      ),
      best: count,
    })
    .nullable(),
  chatTemplate: z.object({
    from: z.string(),
    file: z.object({ name: z.string(), sha256: hash }).optional(),
  }),
  keepsTokenizer: z.literal(true).optional(),
  edit: z.object({ pieces: count, steps: count, addedTokens: count, removed: count }).optional(),
  notes: strings,
  training: plan.training,
});
