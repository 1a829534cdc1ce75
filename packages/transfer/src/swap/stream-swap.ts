import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type FileSource, localFiles } from "@revocab/checkpoint";
import { streamRewrite } from "@revocab/checkpoint/internal";
import { type InitMethod, RevocabError, showText, stages } from "@revocab/core";
import { methodsOf } from "@revocab/embedding-init";
import { writeError } from "@revocab/files/internal";
import { makePlan, type OpenModel } from "@revocab/plan";
import { planTables, withDonor } from "@revocab/plan/internal";
import type { SwapReport } from "@revocab/report";
import { type ApplyOptions, WRITING_WEIGHT, writeByPlan } from "./apply-plan.ts";
import { checkSources } from "./check-sources.ts";
import { planningWeight } from "./plan-rows.ts";
import { writeInto } from "./stage-output.ts";
import type { StartedOutput } from "./start-output.ts";
import { fittedOptions, type PlanSwapOptions, type WithDonor, withModel } from "./swap-tokenizer.ts";

export type StreamSwapOptions = Omit<PlanSwapOptions, "method" | "heal"> &
  Omit<ApplyOptions, "plan" | "rowSource" | "model" | "out" | "force" | "link"> & {
    /** Initializes the rows of tokens that the vocabularies do not share. It may not run the model. */
    readonly method: InitMethod;
    /** A folder for the small files and the new tables, on a disk with room for these; what is made in it is removed. */
    readonly scratch: string;
    /**
     * sha256 in hex of the model's weight files by name. Files that new ones are made of are compared with them; of the others,
     * which are not read, the report says them. @default none
     */
    readonly weightHashes?: Readonly<Record<string, string>>;
  };

/** A model that was made and checked, but of which no weight file lies on a disk. */
export interface StreamedModel {
  /** All files but the weights: configs, tokenizer, index, `revocab.json`, card. */
  readonly folder: string;
  /** Reads the weight files, as if they lay in `folder`; each is put together as it is read. */
  readonly weights: FileSource;
  readonly report: SwapReport;
}

/**
 * Gives a model another tokenizer without writing its weights: what stays of them is read from where it is, as `weights` says,
 * and only when it is asked for. The gate reads the new tables and all headers. `deliver` gets the model, which is gone when it
 * returns.
 *
 * @returns the report, and what `deliver` returned
 * @throws RevocabError as `swapTokenizer` does; `bad_options` for a method that runs the model; `hub_damaged` for a file that is not
 *   what its hash says; what `deliver` throws
 */
export async function streamSwap<Result>(
  options: StreamSwapOptions,
  deliver: (made: StreamedModel) => Promise<Result>,
): Promise<{ readonly report: SwapReport; readonly delivered: Result }> {
  refuseRunning(options);
  return withModel(options, (model) =>
    withDonor(options, async (donor) => {
      const output = await scratchOutput(model, options);
      try {
        const made = await makeStreamed(model, output, { ...options, donor });
        return { report: made.report, delivered: await deliver(made) };
      } finally {
        await output.discard();
      }
    }),
  );
}

interface ScratchOutput {
  readonly directory: string;
  readonly tables: string;
  discard(): Promise<void>;
}

async function scratchOutput(
  { name, revision }: OpenModel,
  { scratch }: StreamSwapOptions,
): Promise<ScratchOutput> {
  const place = join(scratch, ["swap", name.replaceAll("/", "--"), revision ?? "main"].join("-"));
  const directory = join(place, "model");
  await mkdir(directory, { recursive: true }).catch((cause: unknown) => {
    throw writeError(place, cause);
  });
  return {
    directory,
    tables: join(place, "tables"),
    discard: () => rm(place, { recursive: true, force: true }),
  };
}

async function makeStreamed(
  model: OpenModel,
  { directory, tables }: ScratchOutput,
  options: WithDonor<StreamSwapOptions>,
): Promise<StreamedModel> {
  const { plan, write, check } = stages(options.job, {
    plan: planningWeight(options),
    write: WRITING_WEIGHT,
    check: WRITING_WEIGHT,
  });
  const { weights: source = localFiles, weightHashes: hashes = {} } = options;
  const planOptions = await fittedOptions(model, options);
  const { rows } = planTables(planOptions);
  const rewrite = streamRewrite({
    checkpoint: model.checkpoint,
    source,
    out: directory,
    tablesIn: tables,
    rows,
    untie: options.untie ?? false,
  });
  const { weights } = rewrite;
  const output: StartedOutput = {
    directory,
    weights,
    write: (file, content) => writeInto(directory, file, content),
    commit: async () => {},
    discard: async () => {},
    rewrite: {
      finish: async (produce, job) => ({
        ...(await rewrite.finish(produce, job)),
        sourceHashes: hashes,
      }),
    },
  };
  const planned = await makePlan({ ...planOptions, job: plan });
  try {
    const report = await writeByPlan({ ...planOptions, ...planned, out: directory, output, job: write });
    const names = report.files.filter(({ how }) => how === "rewritten").map(({ name }) => name);
    await checkSources(model, { source, names, hashes, job: check });
    return { folder: directory, weights, report };
  } finally {
    await planned.rowSource.close();
  }
}

function refuseRunning({ method, fallback, model }: StreamSwapOptions): void {
  const running = [method, ...(fallback === undefined ? [] : [fallback])]
    .flatMap(methodsOf)
    .find(({ needs }) => needs?.includes("model"));
  if (running === undefined) return;
  throw new RevocabError(
    "bad_options",
    `the method ${running.name} runs the model, but the weights of ${showText(model, 200)} stay where they are`,
    { hint: "choose a method that reads rows alone, or download the model and write a folder" },
  );
}
