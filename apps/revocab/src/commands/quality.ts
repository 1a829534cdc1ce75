import { basename, dirname, resolve } from "node:path";
import type { NamedFile } from "@revocab/tokenizer-quality";
import { type Command, InvalidArgumentError } from "commander";
import { inFlags } from "../in-flags.ts";
import { modelTraining } from "../model-training.ts";
import type { FullQuality } from "../present/present-quality.ts";
import { withBlocks } from "../present/with-blocks.ts";
import { type NamedModel, withResolvedModels } from "../resolve-models.ts";
import { type CommandContext, runCommand } from "../run-command.ts";
import { checkPagePlace, PAGE_HELP, pageLines, writePage } from "../write-page.ts";
import { type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";
import { collect } from "./options/values.ts";

interface Flags extends ModelFlags {
  readonly text?: readonly NamedFile[];
  readonly parallel?: readonly string[];
  readonly words?: readonly NamedFile[];
  readonly model?: string;
  readonly html?: string;
}

export function registerQuality(program: Command): void {
  const command = program
    .command("quality")
    .summary("compare tokenizers: vocabularies, compression, fairness")
    .description(
      "Compare tokenizers: what their vocabularies hold, which tokens no text is written with, and what texts cost in them.",
    )
    .argument(
      "<tokenizers...>",
      "folders, a tokenizer.json, a SentencePiece .model, or repositories of the Hub; lengths are compared with the first",
    )
    .option("--text <[name=]file>", "a UTF-8 text, such as de=german.txt (repeatable)", collectFiles)
    .option("--parallel <a:b>", "two line-aligned texts, such as en.txt:de.txt (repeatable)", collect)
    .option("--words <[name=]file>", "a list with a word in each line (repeatable)", collectFiles)
    .option(
      "--model <model>",
      "also show which tokens of a model look hardly trained, by its rows; of a repository only these are fetched",
    )
    .option("--html <file>", PAGE_HELP);
  withModelOptions(command).action(async (names: readonly string[], flags: Flags) => {
    const { presentQuality } = await import("../present/present-quality.ts");
    await runCommand(
      command,
      async (context) => {
        if (flags.html !== undefined) await checkPagePlace(flags.html);
        return measure(names, flags, context);
      },
      (report) => withBlocks(presentQuality(report), ...pageLines(flags.html)),
      { readsOnly: flags.html === undefined },
    );
  });
}

async function measure(
  names: readonly string[],
  flags: Flags,
  context: CommandContext,
): Promise<FullQuality> {
  const { text: texts = [], parallel, words: wordLists, model, html } = flags;
  const { job } = context;
  const { measureQuality } = await import("@revocab/tokenizer-quality");
  const { loadTokenizer } = await import("@revocab/vocabulary");
  const { splitPathPair } = await import("@revocab/parallel-text");
  const pairs = parallel?.map((pair) => {
    const paths = splitPathPair(pair);
    return { ...paths, name: `${labelOf(paths.source)} : ${labelOf(paths.target)}` };
  });
  const wanted: Record<string, NamedModel> = {
    ...Object.fromEntries(names.map((name, i) => [i, { name, want: "tokenizer" }])),
    ...(model !== undefined && { model: { name: model, want: "tables" } }),
  };
  return withResolvedModels(context, wanted, async ({ paths, weights }) => {
    const tokenizers = [];
    for (const [i, name] of shortNames(names).entries())
      tokenizers.push({ name, tokenizer: await loadTokenizer(paths[i] as string) });
    const quality = await measureQuality({ tokenizers, texts, parallel: pairs, wordLists, job });
    const options = { ...modelOptions(flags), weights: weights.model };
    const report =
      model === undefined
        ? quality
        : {
            ...quality,
            training: { model, ...(await modelTraining(paths.model as string, options, job)) },
          };
    if (html !== undefined) {
      const { qualityPage } = await import("../present/quality-page.ts");
      const { renderPage } = await import("@revocab/report-page");
      const page = await qualityPage(report, tokenizers, texts, job);
      await writePage(html, renderPage(page, { words: inFlags }));
    }
    return report;
  });
}

/** Collects NAME=FILE, or FILE alone, which is then its own name. */
function collectFiles(value: string, previous: readonly NamedFile[] = []): readonly NamedFile[] {
  const [, name, path] = /^(?:([^=/\\]+)=)?(.+)$/s.exec(value) ?? [];
  if (path === undefined) throw new InvalidArgumentError("expected a file, or NAME=FILE.");
  return [...previous, { name: name ?? labelOf(path), path }];
}

/** `texts/german.txt` → `german`. */
function labelOf(path: string): string {
  return basename(path).replace(/\.[^.]*$/, "") || path;
}

/** The last part of each path that tells them apart: `sample/model`, `sample/tokenizer/tokenizer.json` → `model`, `tokenizer`. */
function shortNames(paths: readonly string[]): readonly string[] {
  const short = paths.map((path) => {
    const full = resolve(path);
    return basename(full) === "tokenizer.json" ? basename(dirname(full)) : basename(full);
  });
  return short.map((name, i) =>
    short.indexOf(name) === short.lastIndexOf(name) ? name : (paths[i] as string),
  );
}
