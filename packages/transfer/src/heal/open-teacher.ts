import { type Job, quote } from "@revocab/core";
import type { OpenModel } from "@revocab/plan";
import type { Teacher } from "@revocab/rows-training";
import type { Tokenizer } from "@revocab/vocabulary";

/** Rows and tokenizer that teach. */
export interface NamedTeacher extends Teacher {
  readonly name: string;
}

/**
 * What teaches. Layers of its own are read from their files, part by part, so that the memory is that of one model.
 * @throws RevocabError `unsupported_architecture` for layers that give no likelihoods; what `openTransformer` throws
 */
export async function openTeacher(
  { name, checkpoint, readable }: OpenModel,
  hasOwnLayers: boolean,
  job: Job | undefined,
): Promise<NamedTeacher> {
  const { openTransformer, tablesOf } = await import("@revocab/transformer-runtime");
  const teacher = { name, tables: tablesOf(checkpoint), tokenizer: readable };
  if (!hasOwnLayers) return teacher;
  const transformer = await openTransformer(checkpoint, { job, layerByLayer: true });
  const { requireTeaching } = await import("@revocab/rows-training/internal");
  requireTeaching(transformer);
  return { ...teacher, transformer };
}

/** Layers that always saw a BOS at the beginning may lean on it. */
export function beginNotes({ vocabulary }: Tokenizer, teacher: NamedTeacher | undefined): string[] {
  const begin = teacher?.tokenizer.vocabulary.idOfRole("bos");
  if (teacher === undefined || begin === undefined || vocabulary.idOfRole("bos") !== undefined) return [];
  const token = quote(teacher.tokenizer.vocabulary.tokenOf(begin));
  return [
    `${teacher.name} reads every text after ${token}, and the trained tokenizer has no such token: what it teaches may be out of reach`,
  ];
}
