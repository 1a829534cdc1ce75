import { existsSync } from "node:fs";
import type { ResolvedModel, Wanted } from "@revocab/hub";
import type { CommandContext } from "./run-command.ts";

/** A name that a user gave, and what of it a command needs. */
export interface NamedModel {
  readonly name: string;
  readonly want: Wanted;
}

/** What came over the network for a repository of the Hub. */
export interface Download {
  readonly name: string;
  readonly commit: string;
  /** Bytes that were moved, of those that the job may read. */
  readonly bytes: number;
  readonly ofBytes: number;
}

export interface OpenedModels<Names extends string> {
  /** The folder, or a tokenizer's file, that each name means. */
  readonly paths: Readonly<Record<Names, string>>;
  /** Where the weights are read from, when they stay on the Hub. */
  readonly weights: { readonly weights?: NonNullable<ResolvedModel["weights"]> };
  /** So far; none for what is on this machine. */
  downloads(): readonly Download[];
}

/**
 * Finds what names mean, paths of this machine or repositories of the Hub, and hands the paths to `use`. The network is
 * not touched, nor is the code that could, for what exists on this machine.
 */
export async function withModels<Names extends string, Result>(
  context: CommandContext,
  names: Readonly<Record<Names, NamedModel>>,
  use: (opened: OpenedModels<Names>) => Promise<Result>,
): Promise<Result> {
  const resolved: ResolvedModel[] = [];
  const paths: Partial<Record<Names, string>> = {};
  const downloads = () =>
    resolved.flatMap((model) =>
      model.repository === undefined ? [] : [{ ...model.repository, ...model.received() }],
    );
  try {
    for (const [key, { name, want }] of Object.entries(names) as [Names, NamedModel][]) {
      if (existsSync(name)) paths[key] = name;
      else {
        const { resolveModel } = await import("@revocab/hub");
        const model = await resolveModel(name, { want, ...context });
        resolved.push(model);
        paths[key] = model.directory;
      }
    }
    const weights = resolved.find((model) => model.weights !== undefined)?.weights;
    const result = await use({
      paths: paths as Record<Names, string>,
      weights: weights === undefined ? {} : { weights },
      downloads,
    });
    for (const { name, commit, bytes, ofBytes } of downloads()) {
      const message = `${name}@${commit.slice(0, 12)}: ${megabytes(bytes)} of ${megabytes(ofBytes)} MB came over the network`;
      context.job.onProgress?.({ type: "note", step: "hub", message });
    }
    return result;
  } finally {
    for (const model of resolved) await model.close();
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toLocaleString("en", { maximumFractionDigits: 1 });
}
