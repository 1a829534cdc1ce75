import { RevocabError, showText } from "@revocab/core";
import type { EditRecipe, SwapReport, TextRecord } from "@revocab/report";

/** What a `revocab.json` says of the files that the model was made from, by sha256. */
export interface RecordedInputs {
  readonly inputs: Readonly<Record<"source" | "target", { readonly files?: Hashes | undefined }>>;
  /** Of an edit, its texts and its file of tokens. */
  readonly recipe: { readonly edit?: Pick<EditRecipe, "learn" | "tokens" | "prune"> | undefined };
  readonly chatTemplate?:
    | { readonly file?: { readonly name: string; readonly sha256: string } | undefined }
    | undefined;
  readonly training?: { readonly text: { readonly name: string; readonly sha256: string } } | undefined;
  /** Of these, those that tell the sha256 of a method's files. */
  readonly notes: readonly string[];
}

type Hashes = Readonly<Record<string, string>>;

/**
 * Requires that a report names the same inputs as the record that it repeats, by their sha256.
 * @throws RevocabError `file_changed`, naming each input that differs, with both hashes
 */
export function requireRecordedInputs(report: SwapReport, record: RecordedInputs): void {
  const found = hashesOf(report);
  const differences = [...hashesOf(record)].flatMap(([input, recorded]) => {
    const now = found.get(input);
    if (now === recorded) return [];
    const shown = now === undefined ? "is not among the inputs" : `has the sha256 ${now}`;
    return [`${showText(input, 200)} ${shown}, recorded is ${showText(recorded, 64)}`];
  });
  const more = [...found.keys()].filter((input) => isFileOfInput(input) && !hashesOf(record).has(input));
  differences.push(...more.map((input) => `${showText(input, 200)} is not in the record`));
  if (differences.length === 0) return;
  const [first, ...rest] = differences;
  const shown = [first, ...rest.slice(0, MOST_SHOWN - 1)].join("; ");
  const left = differences.length - MOST_SHOWN;
  throw new RevocabError(
    "file_changed",
    `the inputs are not those of the record: ${shown}${left > 0 ? `; and ${left} more` : ""}`,
    { hint: "give the files of then, or swap without the record to make a model of these" },
  );
}

const MOST_SHOWN = 4;

function hashesOf({
  inputs,
  recipe: { edit },
  chatTemplate,
  training,
  notes,
}: RecordedInputs): ReadonlyMap<string, string> {
  const ofFiles = (files: Hashes | undefined, whose: string) =>
    Object.entries(files ?? {}).map(([name, sha256]) => [`${name}${whose}`, sha256] as const);
  const ofText = (text: TextRecord | null | undefined, what: string) =>
    text == null || text.name === null ? [] : [[`the text ${text.name} ${what}`, text.sha256] as const];
  return new Map([
    ...ofFiles(inputs.source.files, OF_MODEL),
    // before the tokenizer, which is made by them
    ...ofText(edit?.learn?.text, "that tokens were learned from"),
    ...ofText(edit?.learn?.spare, "that was spared"),
    ...ofText(edit?.prune?.keepFor, "that tokens were kept for"),
    ...ofText(edit?.tokens, "of new tokens"),
    ...ofFiles(inputs.target.files, OF_TOKENIZER),
    ...(chatTemplate?.file === undefined
      ? []
      : [[`the chat template ${chatTemplate.file.name}`, chatTemplate.file.sha256] as const]),
    ...(training === undefined
      ? []
      : [[`the text ${training.text.name} that rows were trained on`, training.text.sha256] as const]),
    ...notes.flatMap((note) => {
      const [, input, sha256] = EVIDENCE.exec(note) ?? [];
      return input === undefined || sha256 === undefined ? [] : [[input, sha256] as const];
    }),
  ]);
}

const OF_MODEL = " of the model";
const OF_TOKENIZER = " of the tokenizer";
/** As `noteEvidence` writes it. */
const EVIDENCE = /^(.+): sha256 ([0-9a-f]{64})$/;

function isFileOfInput(input: string): boolean {
  return input.endsWith(OF_MODEL) || input.endsWith(OF_TOKENIZER);
}
