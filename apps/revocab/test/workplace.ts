import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";

export interface Workplace {
  /** Holds `model` and `tokenizer`; nothing may change it. */
  readonly inputs: string;
  readonly model: string;
  readonly tokenizer: string;
  /** Where output goes; empty at first. */
  readonly place: string;
  readonly out: string;
}

/** Copies of the sample to break, and an empty place for the output. */
export function workplace(folder: string): Workplace {
  const inputs = join(folder, "inputs");
  const [model, tokenizer, place] = [join(inputs, "model"), join(inputs, "tokenizer"), join(folder, "place")];
  cpSync(SAMPLE_MODEL, model, { recursive: true });
  cpSync(SAMPLE_TOKENIZER, tokenizer, { recursive: true });
  mkdirSync(place);
  return { inputs, model, tokenizer, place, out: join(place, "out") };
}
