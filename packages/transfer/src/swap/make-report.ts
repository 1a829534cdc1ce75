import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, sep } from "node:path";
import { type AuxiliaryFiles, type FileSource, localFiles, type WrittenFiles } from "@revocab/checkpoint";
import { hashFile, readRawHeader } from "@revocab/checkpoint/internal";
import { type Job, showNotes } from "@revocab/core";
import type { MethodComparison, SwapEvaluation } from "@revocab/measure";
import {
  type ChosenChatTemplate,
  type OpenModel,
  type SwapPlan,
  summarizePlan,
  tokenizerOf,
} from "@revocab/plan";
import { architectureOf, countParameters, hashContents, nameOf } from "@revocab/plan/internal";
import type { CardFacts, GateReport, ReportedFile, SwapReport, WrittenAdapter } from "@revocab/report";
import type { ReportedEdit } from "../edit/reported-edit.ts";
import type { FollowedConfigs } from "./follow-configs.ts";
import type { OwnTokenizer } from "./own-tokenizer.ts";
import type { PublishedTokenizer } from "./publish-tokenizer.ts";

const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };

export interface ReportInputs {
  readonly plan: SwapPlan;
  readonly model: OpenModel;
  /** What the card takes from the source's card. */
  readonly cardFacts: CardFacts;
  readonly configs: FollowedConfigs;
  readonly template: ChosenChatTemplate;
  readonly published: PublishedTokenizer;
  /** The weight files and their index. */
  readonly written: WrittenFiles;
  /** Where the weight files are read from. @default the staged folder */
  readonly weights?: FileSource | undefined;
  readonly companions: AuxiliaryFiles;
  readonly adapter?: WrittenAdapter;
  readonly gate: GateReport;
  readonly evaluation?: SwapEvaluation;
  readonly comparison?: MethodComparison;
  readonly own?: OwnTokenizer;
  readonly edit?: ReportedEdit;
  readonly job?: Job;
}

/** The report on a staged folder that has passed the gate; hashes what lies in it, and what was not hashed of the source. */
export async function makeReport(
  directory: string,
  {
    plan,
    model,
    cardFacts,
    configs,
    template,
    published,
    written,
    weights = localFiles,
    companions,
    adapter,
    gate,
    evaluation,
    comparison,
    own,
    edit,
    job,
  }: ReportInputs,
): Promise<SwapReport> {
  const { notes } = tokenizerOf(plan.target);
  const summary = summarizePlan(plan);
  const hashed = await model.hashes({ known: written.sourceHashes, job });
  // weights that are read from elsewhere are none of the folder's files
  const sourceHashes = Object.fromEntries(
    Object.entries({ ...written.sourceHashes, ...hashed }).sort(byName),
  );
  const files = await withHeaderHashes(directory, written.files, weights);
  const withHeaders = files.flatMap(({ name, headerSha256 }) => (headerSha256 === undefined ? [] : [name]));
  return {
    revocab: version,
    ...summary,
    recipe: { ...summary.recipe, ...(edit && { edit: edit.recipe }) },
    inputs: {
      source: {
        name: model.name,
        revision: model.revision,
        fingerprint: plan.source.fingerprint,
        files: sourceHashes,
      },
      target: {
        name: plan.target.name,
        revision: nameOf(plan.target.origin).revision,
        fingerprint: plan.target.fingerprint,
        files: plan.target.inputs,
      },
    },
    architecture: architectureOf(model.checkpoint.config),
    card: cardFacts,
    config: configs.changes,
    configNotes: showNotes(configs.notes),
    chatTemplate: {
      from: template.from,
      ...(template.file && { file: template.file }),
      ...(template.sample && { sample: template.sample }),
    },
    parameters: countParameters(plan, model),
    files,
    tokenizerFiles: hashContents(published.files),
    contents: await hashFolder(directory, withHeaders),
    companions,
    ...(adapter && { adapter }),
    gate,
    evaluation: evaluation ?? null,
    comparison: comparison ?? null,
    ...(edit && { edit: edit.summary }),
    ...(own && !edit && { keepsTokenizer: true }),
    notes: showNotes([
      ...plan.notes,
      ...(template.note === undefined ? [] : [template.note]),
      ...published.notes,
      ...notes.map((note) => `target tokenizer: ${note}`),
    ]),
  };
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

/** Adds to each safetensors file the sha256 of its header. */
async function withHeaderHashes(
  directory: string,
  files: WrittenFiles["files"],
  weights: FileSource,
): Promise<readonly ReportedFile[]> {
  const reported: ReportedFile[] = [];
  for (const file of files) {
    const isSafetensors = file.name.endsWith(".safetensors");
    reported.push(
      isSafetensors ? { ...file, headerSha256: await hashHeader(join(directory, file.name), weights) } : file,
    );
  }
  return reported;
}

async function hashHeader(path: string, weights: FileSource): Promise<string> {
  return createHash("sha256")
    .update(await readRawHeader(path, weights))
    .digest("hex");
}

/**
 * sha256 in hex of all files of a folder and its subfolders, by their paths with `/`, sorted.
 * @param left paths that are left out
 */
async function hashFolder(
  directory: string,
  left: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const hashes: [string, string][] = [];
  for (const path of (await readdir(directory, { recursive: true })).sort()) {
    const place = join(directory, path);
    const name = path.split(sep).join("/");
    if (!left.includes(name) && (await stat(place)).isFile()) hashes.push([name, await hashFile(place)]);
  }
  return Object.fromEntries(hashes);
}

const TIMED: ReadonlySet<string> = new Set(["seconds", "rowSeconds", "tokensPerSecond"] satisfies Timed[]);
type Timed = "seconds" | "rowSeconds" | "tokensPerSecond";

type Timeless<T> = T extends readonly (infer Item)[]
  ? readonly Timeless<Item>[]
  : T extends object
    ? { readonly [Key in keyof T as Key extends Timed ? never : Key]: Timeless<T[Key]> }
    : T;

/** A value without the times in it, at any depth: `revocab.json` must not depend on the machine. */
export function withoutTimes<T>(value: T): Timeless<T> {
  if (Array.isArray(value)) return value.map(withoutTimes) as Timeless<T>;
  if (typeof value !== "object" || value === null) return value as Timeless<T>;
  const entries = Object.entries(value).filter(([key]) => !TIMED.has(key));
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutTimes(inner)])) as Timeless<T>;
}
