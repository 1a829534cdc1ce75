import { stat } from "node:fs/promises";
import { ifThere } from "@revocab/files/internal";
import type { ResolvedModel, Wanted } from "@revocab/hub";
import type { CommandContext } from "./run-command.ts";

/** A path or repository that a user named, and the part of it that a command needs. */
export interface NamedModel {
  readonly name: string;
  readonly want: Wanted;
}

/** What came over the network for a repository of the Hub. */
export interface Download {
  readonly name: string;
  readonly commit: string;
  /** Bytes that were downloaded. */
  readonly bytes: number;
  /** Bytes of the files that the command may read. */
  readonly ofBytes: number;
}

export interface ResolvedModels<Names extends string> {
  /** The folder, or a tokenizer's file, of each name. */
  readonly paths: Readonly<Record<Names, string>> & { readonly donor?: string };
  /** Where the weights of each name are read from, when they stay on the Hub. */
  readonly weights: Readonly<Partial<Record<Names | "donor", ResolvedModel["weights"]>>>;
  /** What the names of repositories were resolved to. */
  readonly repositories: Readonly<Partial<Record<Names | "donor", ResolvedModel>>>;
  /** So far; none for paths of this machine. */
  downloads(): readonly Download[];
}

/**
 * Resolves names to paths, of this machine or of downloads from the Hub, and calls `use` with them. For what exists on
 * this machine the package with network access is not even loaded.
 * @param donor where there is one
 */
export async function withResolvedModels<Names extends string, Result>(
  context: CommandContext,
  names: Readonly<Record<Names, NamedModel>>,
  use: (opened: ResolvedModels<Names>) => Promise<Result>,
  donor?: NamedModel,
): Promise<Result> {
  const resolved: ResolvedModel[] = [];
  const paths: Partial<Record<Names, string>> = {};
  const weights: Partial<Record<Names | "donor", ResolvedModel["weights"]>> = {};
  const repositories: Partial<Record<Names | "donor", ResolvedModel>> = {};
  const downloads = () =>
    resolved.flatMap((model) =>
      model.repository === undefined ? [] : [{ ...model.repository, ...model.received() }],
    );
  try {
    const all = { ...names, ...(donor !== undefined && { donor }) };
    for (const [key, { name, want }] of Object.entries(all) as [Names, NamedModel][]) {
      if (await ifThere(name, stat(name))) paths[key] = name;
      else {
        const { resolveModel } = await import("@revocab/hub");
        const model = await resolveModel(name, { want, ...context });
        resolved.push(model);
        paths[key] = model.directory;
        weights[key] = model.weights;
        repositories[key] = model;
      }
    }
    const result = await use({ paths: paths as Record<Names, string>, weights, repositories, downloads });
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
