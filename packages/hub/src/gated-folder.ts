import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { hashFile, readSafetensorsHeader } from "@revocab/checkpoint";
import { quote, RevocabError, showText } from "@revocab/core";
import { openFile, readWhole } from "@revocab/files";
import { placeOf } from "./folder-files.ts";

/** What `revocab.json` says of a folder, as far as publishing depends on it; the format is docs/report.md's. */
export interface GatedFolder {
  /** The version that wrote it. */
  readonly revocab: string;
  /** Source and target, for the commit's title. */
  readonly source: string;
  readonly target: string;
  /** Files that were written beside weights and card. */
  readonly contents: readonly string[];
}

interface Report {
  readonly revocab?: unknown;
  readonly source?: { readonly name?: unknown };
  readonly target?: { readonly name?: unknown };
  readonly contents?: unknown;
  readonly files?: readonly { readonly name?: unknown; readonly bytes?: unknown }[];
  readonly gate?: { readonly checks?: readonly unknown[] };
}

const HINT = "publish a folder as revocab swap or revocab apply wrote it: run it again";
const MAX_REPORT_BYTES = 100e6;

/**
 * Lets through a folder that passed the gate and is still what passed it: the report says so, the weight files have the
 * sizes it names and whole headers, and every other file that was written has the hash it names. The card may have been
 * edited and files may have been added.
 * @param allowFiles files that may have been changed, or have gone, since
 * @throws RevocabError `gate_failed`, `bad_safetensors`; `bad_file` and `missing_file` as `folderFiles` does
 */
export async function gatedFolder(folder: string, allowFiles: readonly string[]): Promise<GatedFolder> {
  const report = await readReport(folder);
  const { revocab, source, target, files, gate, contents } = report;
  const isReport =
    typeof revocab === "string" &&
    typeof source?.name === "string" &&
    typeof target?.name === "string" &&
    Array.isArray(files) &&
    files.length > 0;
  if (!isReport) fail(`${showText(folder)}/revocab.json is no report of a swap`);
  if (!Array.isArray(gate?.checks) || gate.checks.length === 0) {
    fail(`${showText(folder)} has not passed the gate`);
  }
  for (const { name, bytes } of files) await checkWeights(folder, String(name), bytes);
  if (typeof contents !== "object" || contents === null || !("tokenizer.json" in contents)) {
    fail(`${showText(folder)}/revocab.json does not say what its configs and its tokenizer were`);
  }
  for (const [name, hash] of Object.entries(contents)) {
    if (!allowFiles.includes(name)) await checkContent(folder, name, hash);
  }
  await requireFile(folder, "README.md");
  return {
    revocab,
    source: source.name as string,
    target: target.name as string,
    contents: Object.keys(contents),
  };
}

async function readReport(folder: string): Promise<Report> {
  const path = join(folder, "revocab.json");
  const isThere = await lstat(path).catch(() => undefined);
  if (isThere === undefined) fail(`${showText(folder)} has no revocab.json: it did not pass the gate`);
  const text = await readWhole(await placeOf(folder, "revocab.json"), { most: MAX_REPORT_BYTES, hint: HINT });
  try {
    const report = JSON.parse(text.toString("utf8")) as Report | null;
    if (typeof report === "object" && report !== null) return report;
  } catch {
    // said below
  }
  return fail(`${showText(path)} is no JSON object`);
}

async function checkWeights(folder: string, name: string, bytes: unknown): Promise<void> {
  const size = await requireFile(folder, name);
  if (size !== bytes) {
    fail(
      `${showText(name, 200)} in ${showText(folder)} has ${size} bytes, but ${quote(bytes)} passed the gate`,
    );
  }
  if (name.endsWith(".safetensors")) await readSafetensorsHeader(await placeOf(folder, name));
}

async function checkContent(folder: string, name: string, expected: unknown): Promise<void> {
  await requireFile(folder, name);
  const digest = await hashFile(await placeOf(folder, name));
  if (digest === expected) return;
  fail(
    `${showText(name, 200)} in ${showText(folder)} has the sha256 ${digest}, but ${quote(expected)} passed the gate`,
    `${HINT}, or name what you have changed on purpose: --allow-file ${showText(name, 200)}`,
  );
}

async function requireFile(folder: string, name: string): Promise<number> {
  const found = await lstat(join(folder, name)).catch(() => undefined);
  if (found === undefined) {
    fail(`${showText(folder)} has no ${showText(name, 200)}, which was there when it passed the gate`);
  }
  const handle = await openFile(await placeOf(folder, name), { hint: HINT });
  try {
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

function fail(what: string, hint = HINT): never {
  throw new RevocabError("gate_failed", what, { hint });
}
