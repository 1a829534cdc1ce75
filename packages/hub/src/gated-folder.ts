import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { readSafetensorsHeader } from "@revocab/checkpoint";
import { RevocabError } from "@revocab/core";

/** What `revocab.json` says of a folder, as far as publishing depends on it; the format is docs/report.md's. */
export interface GatedFolder {
  /** The version that wrote it. */
  readonly revocab: string;
  /** Source and target, for the commit's title. */
  readonly source: string;
  readonly target: string;
}

interface Report {
  readonly revocab?: unknown;
  readonly source?: { readonly name?: unknown };
  readonly target?: { readonly name?: unknown };
  readonly tokenizerFiles?: Readonly<Record<string, unknown>>;
  readonly files?: readonly { readonly name?: unknown; readonly bytes?: unknown }[];
  readonly gate?: { readonly checks?: readonly unknown[] };
}

const HINT = "publish a folder as revocab swap or revocab apply wrote it: run it again";
const MAX_REPORT_BYTES = 100e6;

/**
 * Lets through a folder that passed the gate and is still what passed it: the report says so, the weight files have the
 * sizes it names and whole headers, and the tokenizer is the one that was checked.
 * @throws RevocabError `gate_failed`, `bad_safetensors`
 */
export async function gatedFolder(folder: string): Promise<GatedFolder> {
  const report = await readReport(folder);
  const { revocab, source, target, files, gate } = report;
  const isReport =
    typeof revocab === "string" &&
    typeof source?.name === "string" &&
    typeof target?.name === "string" &&
    Array.isArray(files) &&
    files.length > 0;
  if (!isReport) fail(`${folder}/revocab.json is no report of a swap`);
  if (!Array.isArray(gate?.checks) || gate.checks.length === 0) fail(`${folder} has not passed the gate`);
  for (const { name, bytes } of files) await checkSize(folder, String(name), bytes);
  await checkTokenizer(folder, report);
  await requireFile(folder, "README.md");
  return { revocab, source: source.name as string, target: target.name as string };
}

async function readReport(folder: string): Promise<Report> {
  const path = join(folder, "revocab.json");
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) fail(`${folder} has no revocab.json: it did not pass the gate`);
  if (found.size > MAX_REPORT_BYTES)
    fail(`${path} has ${found.size} bytes; at most ${MAX_REPORT_BYTES} were expected`);
  try {
    const report = JSON.parse(await readFile(path, "utf8")) as Report | null;
    if (typeof report === "object" && report !== null) return report;
  } catch {
    // said below
  }
  return fail(`${path} is no JSON object`);
}

async function checkSize(folder: string, name: string, bytes: unknown): Promise<void> {
  const size = await requireFile(folder, name);
  if (size === bytes) {
    if (name.endsWith(".safetensors")) await readSafetensorsHeader(join(folder, name));
    return;
  }
  fail(`${name} in ${folder} has ${size} bytes, but ${String(bytes)} passed the gate`);
}

async function requireFile(folder: string, name: string): Promise<number> {
  const found = await stat(join(folder, name)).catch(() => undefined);
  if (found?.isFile()) return found.size;
  return fail(`${folder} has no ${name}, which was there when it passed the gate`);
}

async function checkTokenizer(folder: string, { tokenizerFiles }: Report): Promise<void> {
  const expected = tokenizerFiles?.["tokenizer.json"];
  if (typeof expected !== "string")
    fail(`${folder}/revocab.json names no tokenizer.json that passed the gate`);
  const bytes = await readFile(join(folder, "tokenizer.json")).catch(() => undefined);
  if (bytes === undefined) fail(`${folder} has no tokenizer.json, which was there when it passed the gate`);
  const digest = createHash("sha256").update(bytes).digest("hex");
  if (digest === expected) return;
  fail(`tokenizer.json in ${folder} has the sha256 ${digest}, but ${expected} passed the gate`);
}

function fail(what: string): never {
  throw new RevocabError("gate_failed", what, { hint: HINT });
}
