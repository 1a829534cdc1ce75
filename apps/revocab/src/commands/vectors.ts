import type { Command } from "commander";
import { registerAlignVectors } from "./vectors-align.ts";
import { registerNearest } from "./vectors-nearest.ts";
import { registerTrainVectors } from "./vectors-train.ts";

export function registerVectors(program: Command): void {
  const command = program
    .command("vectors")
    .summary("train, look at and align static word vectors")
    .description(
      "Static word vectors, in fastText's and word2vec's formats: the evidence of focus, wechsel and ofa.",
    );
  registerTrainVectors(command);
  registerNearest(command);
  registerAlignVectors(command);
}
