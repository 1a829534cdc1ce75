import { stat } from "node:fs/promises";
import { readSafetensorsHeader } from "@revocab/checkpoint";
import { RevocabError } from "@revocab/core";
import { ifThere } from "@revocab/files";
import { PLAN_FORMAT } from "./plan-format.ts";

/**
 * Refuses a place for a plan file before any work is done for it. `force` replaces plans only: a model's
 * weights named by mistake stay.
 *
 * @throws RevocabError `output_exists`; `bad_file` when it cannot be told what is there
 */
export async function checkPlanPlace(out: string, force: boolean): Promise<void> {
  const found = await ifThere(out, stat(out));
  if (!found) return;
  if (!force) {
    throw new RevocabError("output_exists", `the plan file ${out} exists already`, {
      hint: "choose another `out`, or pass `force` to replace it",
    });
  }
  if (!found.isFile() || !(await isPlan(out))) {
    throw new RevocabError(
      "output_exists",
      `${out} is ${found.isFile() ? "a file that is no plan" : "no file"}; \`force\` replaces plan files only`,
      { hint: "choose another `out`" },
    );
  }
}

async function isPlan(path: string): Promise<boolean> {
  try {
    return (await readSafetensorsHeader(path)).metadata?.format === PLAN_FORMAT;
  } catch (error) {
    if (error instanceof RevocabError && error.code === "bad_safetensors") return false;
    throw error;
  }
}
