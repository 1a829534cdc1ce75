import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { expect } from "vitest";
import { UNSAFE } from "../verdict.mjs";

/** Whether files can be what only POSIX knows: pipes, sockets, devices, modes. */
export const IS_POSIX = process.platform !== "win32";

export interface Place {
  readonly model: string;
  readonly tokenizer: string;
  readonly out: string;
}

/** Copies of the sample to be hostile with, and where output goes. */
export function placeIn(folder: string): Place {
  const [model, tokenizer, place] = ["model", "tokenizer", "place"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  cpSync(SAMPLE_MODEL, model, { recursive: true });
  cpSync(SAMPLE_TOKENIZER, tokenizer, { recursive: true });
  mkdirSync(place);
  return { model, tokenizer, out: join(place, "out") };
}

export interface Told {
  readonly stdout: string;
  readonly stderr: string;
  readonly hung: boolean;
  readonly memory: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Nothing that a terminal obeys but the ends of lines. */
export function expectSafe({ stdout, stderr }: Told): void {
  for (const line of `${stdout}\n${stderr}`.split("\n")) expect(line).not.toMatch(UNSAFE);
}

/** One message that names what was found, and its hint: no stack, no hang, no death, no memory. */
export function expectRefused(told: Told, about: RegExp): void {
  expect(told).toMatchObject({ hung: false, signal: null, code: 1 });
  expectSafe(told);
  expect(told.stderr).toMatch(/^revocab: \S.*\n {2}→ \S.*\n$/m);
  expect(told.stderr).toMatch(about);
  expect(told.stderr).not.toMatch(/fault of revocab|\n {4}at /);
  expect(told.memory).toBeLessThan(1e9);
}
