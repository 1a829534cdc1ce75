import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { quote, RevocabError, showText } from "@revocab/core";
import { ifThere } from "@revocab/files/internal";
import type { SeenFolder } from "./seen-folder.ts";

/** What `revocab.json` says of a folder, as far as publishing depends on it; the format is docs/report.md's. */
interface GatedFolder {
  /** The version that wrote it. */
  readonly revocab: string;
  /** Source and target, for the commit's title. */
  readonly source: string;
  readonly target: string;
  /** Files that were written beside weights and card. */
  readonly contents: readonly string[];
  /** The weight files, whose headers have been checked. */
  readonly weights: readonly GatedWeights[];
}

/** A weight file that passed the gate. */
export interface GatedWeights {
  readonly path: string;
  readonly bytes: number;
  /** sha256 in hex of its header. */
  readonly headerSha256: string;
  /** Whether it is the source's, byte for byte. */
  readonly isUnchanged: boolean;
}

/** Where weight files are looked at. */
export interface WeightsPlace {
  bytesOf(name: string): Promise<number>;
  /** sha256 in hex of the header of a safetensors file. */
  headerSha256Of(name: string): Promise<string>;
}

interface ReportedFile {
  readonly name?: unknown;
  readonly bytes?: unknown;
  readonly how?: unknown;
  readonly headerSha256?: unknown;
}

interface Report {
  readonly revocab?: unknown;
  readonly source?: { readonly name?: unknown };
  readonly target?: { readonly name?: unknown };
  readonly contents?: unknown;
  readonly files?: readonly ReportedFile[];
  readonly gate?: { readonly checks?: readonly unknown[] };
}

const HINT = "publish a folder as `swapTokenizer` or `applySavedPlan` wrote it: write it again";
const MAX_REPORT_BYTES = 100e6;

/**
 * Checks that a folder passed the gate and has not changed since: the report says that it passed, the weight files have the
 * sizes and the headers it names, and every other file that was written has the hash it names. The card may have been
 * edited and files may have been added.
 * @param allowFiles files that may have been changed, or have gone, since
 * @param place where the weight files are, if not in the folder
 * @throws RevocabError `gate_failed`, `bad_safetensors`; `bad_file` and `missing_file` as `folderFiles` does,
 *   `file_changed`
 */
export async function gatedFolder(
  folder: SeenFolder,
  allowFiles: readonly string[],
  abortSignal?: AbortSignal,
  place: WeightsPlace = inFolder(folder),
): Promise<GatedFolder> {
  const report = await readReport(folder);
  const { revocab, source, target, files, gate, contents } = report;
  const isReport =
    typeof revocab === "string" &&
    typeof source?.name === "string" &&
    typeof target?.name === "string" &&
    Array.isArray(files) &&
    files.length > 0;
  if (!isReport) fail(`${showText(folder.path)}/revocab.json is no report of a swap`);
  if (!Array.isArray(gate?.checks) || gate.checks.length === 0) {
    fail(`${showText(folder.path)} has not passed the gate`);
  }
  const weights: GatedWeights[] = [];
  for (const file of files) {
    const checked = await checkWeights(
      folder,
      isSafetensors(String(file.name)) ? place : inFolder(folder),
      file,
    );
    if (checked !== undefined) weights.push(checked);
  }
  if (typeof contents !== "object" || contents === null || !("tokenizer.json" in contents)) {
    fail(`${showText(folder.path)}/revocab.json does not say what its configs and its tokenizer were`);
  }
  for (const [name, hash] of Object.entries(contents)) {
    if (!allowFiles.includes(name)) await checkContent(folder, name, hash, abortSignal);
  }
  await requireFile(folder, "README.md");
  return {
    revocab,
    source: source.name as string,
    target: target.name as string,
    contents: Object.keys(contents),
    weights,
  };
}

async function readReport(folder: SeenFolder): Promise<Report> {
  const path = join(folder.path, "revocab.json");
  if ((await ifThere(path, lstat(path))) === undefined)
    fail(`${showText(folder.path)} has no revocab.json: it did not pass the gate`);
  const { handle, bytes } = await folder.open("revocab.json", HINT);
  await handle.close();
  if (bytes > MAX_REPORT_BYTES)
    fail(`${showText(path)} has ${bytes} bytes, expected at most ${MAX_REPORT_BYTES}`);
  const blocks: Buffer[] = [];
  await folder.read("revocab.json", { onBlock: (block) => blocks.push(Buffer.from(block)) });
  try {
    const report = JSON.parse(Buffer.concat(blocks).toString("utf8")) as Report | null;
    if (typeof report === "object" && report !== null) return report;
  } catch {
    // said below
  }
  return fail(`${showText(path)} is no JSON object`);
}

/** @returns what was checked, of a file with a header */
async function checkWeights(
  folder: SeenFolder,
  place: WeightsPlace,
  { bytes, headerSha256, how, ...file }: ReportedFile,
): Promise<GatedWeights | undefined> {
  const name = String(file.name);
  const size = await place.bytesOf(name);
  if (size !== bytes) {
    fail(
      `${showText(name, 200)} in ${showText(folder.path)} has ${size} bytes, but ${quote(bytes)} passed the gate`,
    );
  }
  if (!isSafetensors(name)) return undefined;
  if (headerSha256 === undefined) {
    fail(
      `${showText(folder.path)}/revocab.json does not say what the header of ${showText(name, 200)} was: an earlier version wrote it`,
    );
  }
  const found = await place.headerSha256Of(name);
  if (found !== headerSha256) {
    fail(
      `${showText(name, 200)} in ${showText(folder.path)} has a header with the sha256 ${found}, but ${quote(headerSha256)} passed the gate`,
    );
  }
  return { path: name, bytes: size, headerSha256: found, isUnchanged: how !== "rewritten" };
}

function inFolder(folder: SeenFolder): WeightsPlace {
  return {
    bytesOf: (name) => requireFile(folder, name),
    async headerSha256Of(name) {
      const { sha256 } = await folder.read(name, { end: await folder.headerOf(name) });
      return sha256;
    },
  };
}

async function checkContent(
  folder: SeenFolder,
  name: string,
  expected: unknown,
  abortSignal: AbortSignal | undefined,
): Promise<void> {
  await requireFile(folder, name);
  const { sha256: digest } = await folder.read(name, { job: { abortSignal } });
  if (digest === expected) return;
  fail(
    `${showText(name, 200)} in ${showText(folder.path)} has the sha256 ${digest}, but ${quote(expected)} passed the gate`,
    `${HINT}, or name what you have changed on purpose: \`allowFiles: ${showText(name, 200)}\``,
  );
}

async function requireFile(folder: SeenFolder, name: string): Promise<number> {
  const path = join(folder.path, name);
  if ((await ifThere(path, lstat(path))) === undefined) {
    fail(`${showText(folder.path)} has no ${showText(name, 200)}, which was there when it passed the gate`);
  }
  const { handle, bytes } = await folder.open(name, HINT);
  await handle.close();
  return bytes;
}

function isSafetensors(name: string): boolean {
  return name.endsWith(".safetensors");
}

function fail(what: string, hint = HINT): never {
  throw new RevocabError("gate_failed", what, { hint });
}
