import { RevocabError } from "@revocab/core";
import { requireTeaching } from "./require-trainable.ts";
import type { Objective, TrainRowsOptions } from "./train-rows-options.ts";

/** @throws RevocabError `bad_options`, `unsupported_architecture` for a teacher that cannot teach so */
export function objectiveOf({
  teacher,
  objective = teacher === undefined ? "lm" : "distill",
}: TrainRowsOptions): Objective {
  const refuse = (found: string, hint: string) => new RevocabError("bad_options", found, { hint });
  if (objective === "lm" && teacher !== undefined) {
    throw refuse("`objective` is lm, which takes nothing from a `teacher`", "leave out one of them");
  }
  if (objective !== "lm" && teacher === undefined) {
    throw refuse(
      `\`objective\` is ${objective}, and there is no \`teacher\``,
      "give the model that is learned from",
    );
  }
  if (objective === "distill" && teacher?.transformer !== undefined) {
    throw refuse(
      "`objective` is distill, and the `teacher` has layers of its own: their hidden states mean nothing here",
      "use the objective alm",
    );
  }
  if (teacher?.transformer !== undefined) requireTeaching(teacher.transformer);
  return objective;
}
