import { readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { readSafetensorsHeader } from "@revocab/checkpoint";
import { RevocabError } from "@revocab/core";
import { isAlive } from "./is-alive.ts";
import { PLAN_FORMAT } from "./plan-format.ts";

/**
 * Refuses a place for a plan file before any work is done for it. `force` replaces plans only: a model's
 * weights named by mistake stay.
 *
 * @throws RevocabError `output_exists`
 */
export async function checkPlanPlace(out: string, force: boolean): Promise<void> {
  const found = await stat(out).catch(() => undefined);
  if (!found) return;
  if (!force) {
    throw new RevocabError("output_exists", `the plan file ${out} exists already`, {
      hint: "choose another --out, or pass --force to replace it",
    });
  }
  if (!found.isFile() || !(await isPlan(out))) {
    throw new RevocabError(
      "output_exists",
      `${out} is ${found.isFile() ? "a file that is no plan" : "no file"}; --force replaces plan files only`,
      { hint: "choose another --out" },
    );
  }
}

/** Where a plan is written before it is complete: beside the target, so that the last step is a rename. */
export function partialPlanFile(target: string): string {
  const full = resolve(target);
  return join(dirname(full), `.${basename(full)}.revocab-partial-${process.pid}`);
}

/** Removes what killed runs left beside `target`. */
export async function removeLeftPlans(target: string): Promise<void> {
  const full = resolve(target);
  const prefix = `.${basename(full)}.revocab-partial-`;
  const names = await readdir(dirname(full)).catch(() => []); // a missing folder fails when the file is opened
  for (const name of names) {
    const pid = name.startsWith(prefix) ? name.slice(prefix.length) : "";
    if (!/^\d+$/.test(pid) || (Number(pid) !== process.pid && isAlive(Number(pid)))) continue;
    await rm(join(dirname(full), name), { force: true });
  }
}

async function isPlan(path: string): Promise<boolean> {
  return readSafetensorsHeader(path).then(
    ({ metadata }) => metadata?.format === PLAN_FORMAT,
    () => false,
  );
}
