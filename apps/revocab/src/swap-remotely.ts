import { stat } from "node:fs/promises";
import { type InitMethod, RevocabError, showText } from "@revocab/core";
import { ifThere } from "@revocab/files/internal";
import type { MethodContest } from "@revocab/measure";
import type { StreamSwapOptions } from "@revocab/transfer";
import type { Command } from "commander";
import type { OutputFlags } from "./commands/options/output.ts";
import { wantedBy } from "./commands/options/rows.ts";
import { presentPublished } from "./commands/publish.ts";
import { withBlocks } from "./present/with-blocks.ts";
import { type NamedModel, withResolvedModels } from "./resolve-models.ts";
import { finishBeforeExit, runCommand } from "./run-command.ts";

/** The flags of a swap on the Hub: the flag alone, or `only`. */
export interface RemoteFlags extends OutputFlags {
  readonly remote?: true | "only";
}

type RemoteOptions = Omit<StreamSwapOptions, "model" | "tokenizer" | "donor" | "scratch" | "job">;

export interface RemoteSwap {
  readonly model: string;
  readonly tokenizer: string;
  /** Checks the options before anything is downloaded. */
  prepare(): Promise<{ readonly options: RemoteOptions; readonly donor?: NamedModel | undefined }>;
}

/** Swaps a model of the Hub into another repository there: only the shards that hold vocabulary tables are moved. */
export async function swapRemotely(
  command: Command,
  flags: RemoteFlags,
  { model, tokenizer, prepare }: RemoteSwap,
): Promise<void> {
  const { presentStreamedSwap } = await import("./present/present-swap.ts");
  await runCommand(
    command,
    async (context) => {
      const to = requireRemote(flags);
      await requireRepository(model);
      const { options, donor } = await prepare();
      const { checkPublisher, publishStreamed } = await import("@revocab/hub");
      const { streamSwap } = await import("@revocab/transfer");
      const publishing = {
        to,
        private: flags.private ?? false,
        allowFiles: flags.allowFile,
        whenRefused: flags.remote === "only" ? ("refuse" as const) : ("move" as const),
        ...context,
      };
      await checkPublisher(publishing);
      const names = {
        model: { name: model, want: "remote" as const },
        tokenizer: { name: tokenizer, want: "tokenizer" as const },
      };
      return withResolvedModels(
        context,
        names,
        async ({ paths, weights, repositories, downloads }) => {
          const { repository, scratch, weightHashes } = repositories.model!;
          const source = repository!;
          const { report, delivered } = await streamSwap(
            {
              ...options,
              ...paths,
              ...context,
              weights: weights.model,
              donorWeights: weights.donor,
              weightHashes,
              scratch: scratch!,
            },
            ({ folder, weights }) =>
              finishBeforeExit(() => publishStreamed({ ...publishing, folder, weights, source })),
          );
          return { ...report, published: delivered, downloads: downloads() };
        },
        donor,
      );
    },
    ({ published, ...report }) =>
      withBlocks(presentStreamedSwap(report), ...presentPublished(published).blocks),
  );
}

/**
 * The method of a swap that does not have the model at hand.
 * @throws RevocabError `bad_options` for one that runs the model, as a comparison does
 */
export async function requireRows(
  method: InitMethod | MethodContest,
  fallback: InitMethod,
): Promise<InitMethod> {
  if (method.kind !== "contest" && (await wantedBy({ method, fallback })) === "tables") return method;
  const what = method.kind === "contest" ? "--method auto" : "the method";
  throw new RevocabError(
    "bad_options",
    `${what} runs the model, but with --remote its weights stay on the Hub`,
    {
      hint: "choose a method that reads rows alone, such as subtoken-mean, or leave --remote out",
    },
  );
}

/** @throws RevocabError `bad_options` for options that need a model on this machine, or a repository that is not named */
function requireRemote({ publish, remote: _, ...flags }: RemoteFlags): string {
  const given = (Object.keys(NEEDS_FOLDER) as (keyof typeof NEEDS_FOLDER)[]).find(
    (name) => flags[name as keyof typeof flags] !== undefined && flags[name as keyof typeof flags] !== false,
  );
  if (given !== undefined) {
    throw new RevocabError(
      "bad_options",
      `${NEEDS_FOLDER[given]}, but --remote writes no model on this machine`,
      {
        hint: "leave one of them out: without --remote the model is downloaded, and --out and --publish write and publish it",
      },
    );
  }
  if (publish !== undefined) return publish;
  throw new RevocabError("bad_options", "--remote was given without --publish", {
    hint: "pass --publish OWNER/NAME as well: the repository that the new model becomes",
  });
}

const NEEDS_FOLDER = {
  out: "--out writes a folder",
  dryRun: "--dry-run says what a folder would be written from",
  html: "--html shows the written model",
  eval: "--eval scores the written model",
  heal: "--heal trains with the whole model",
  link: "--link links files of a folder",
} as const;

/** @throws RevocabError `bad_options` for a model of this machine */
async function requireRepository(model: string): Promise<void> {
  if ((await ifThere(model, stat(model))) === undefined) return;
  throw new RevocabError(
    "bad_options",
    `--remote copies a repository of the Hub, but ${showText(model, 200)} is on this machine`,
    {
      hint: "give ORG/NAME, or leave --remote out",
    },
  );
}
