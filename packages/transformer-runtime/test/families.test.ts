import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openCheckpoint } from "@revocab/checkpoint";
import {
  FAMILIES,
  languageModel,
  type OpenLanguageModel,
  type OpenTransformer,
  openTransformer,
  tablesOf,
} from "@revocab/transformer-runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FIXTURES, fixtureConfig, namedTensors } from "./family-context.ts";

/** As the issue asks; f32 in another order of sums gives about 1e-5 at logits of 10. */
const TOLERANCE = 2e-4;
const CASES = readdirSync(FIXTURES);

interface ExpectedSequence {
  readonly tokens: readonly number[];
  readonly positions: readonly number[];
  /** [positions × V], of the sequence alone. */
  readonly logits: readonly (readonly number[])[];
}

// Angles that depend on the length of the whole sequence do not fit keys that turned when it was shorter.
const LENGTH_DEPENDENT = ["llama-rope-dynamic", "phi3-longrope", "phi3-longrope-partial"];

// Parts of these models that say nothing about tokens.
const UNUSED: Readonly<Record<string, RegExp>> = {
  "bert-pretraining": /^(bert\.pooler|cls\.seq_relationship)\./,
  gemma3: /^(vision_tower|multi_modal_projector)\./,
  llama4: /^(vision_model|multi_modal_projector)\./,
};

it("every model type has a model that the reference library ran", () => {
  const types = CASES.map((name) => fixtureConfig(name).model_type);
  expect([...new Set(types)].sort()).toEqual(Object.keys(FAMILIES).sort());
});

describe.each(CASES)("%s", (name) => {
  const { sequences, source, sourced } = expectedOf(name);
  let transformer: OpenTransformer;
  let model: OpenLanguageModel;
  beforeAll(async () => {
    const checkpoint = await openCheckpoint(join(FIXTURES, name));
    transformer = await openTransformer(checkpoint, { job: { threads: 1 } });
    model = languageModel(transformer);
  });
  afterAll(async () => {
    await model?.close();
    await transformer?.close();
    await transformer?.checkpoint.close();
  });

  it("gives the reference library's logits, for two sequences of different lengths in one batch", async () => {
    const logits = await model.logits(sequences.map(queryOf));
    for (const [i, sequence] of sequences.entries()) {
      expect(difference(logits[i], sequence.logits.flat())).toBeLessThan(TOLERANCE);
    }
  });

  it("gives the same logits for each sequence alone", async () => {
    for (const sequence of sequences) {
      const [logits] = await model.logits([queryOf(sequence)]);
      expect(difference(logits, sequence.logits.flat())).toBeLessThan(TOLERANCE);
    }
  });

  if (sourced !== undefined) {
    it("gives the reference library's logits beside a source, and when a text is continued beside it", async () => {
      const tables = { ...tablesOf(transformer.checkpoint), source: Uint32Array.from(source ?? []) };
      const beside = languageModel(transformer, tables);
      const logits = await beside.logits(sourced.map(queryOf));
      for (const [i, sequence] of sourced.entries()) {
        expect(difference(logits[i], sequence.logits.flat())).toBeLessThan(TOLERANCE);
      }
      const [{ tokens, logits: expected }] = sourced;
      const begun = await beside.continue(Uint32Array.from(tokens.slice(0, 11)));
      const ended = await beside.continue(Uint32Array.from(tokens.slice(11)), { cache: begun.cache });
      expect(difference(ended.logits, expected.at(-1) ?? [])).toBeLessThan(TOLERANCE);
      await beside.close();
    });
  }

  if (!fixtureIsMasked(name) && !LENGTH_DEPENDENT.includes(name)) {
    it("gives the same logits when a text is continued", async () => {
      const { tokens, logits } = sequences[0];
      const begun = await model.continue(Uint32Array.from(tokens.slice(0, 11)));
      const middle = await model.continue(Uint32Array.from(tokens.slice(11, 12)), { cache: begun.cache });
      const ended = await model.continue(Uint32Array.from(tokens.slice(12)), { cache: middle.cache });
      expect(difference(ended.logits, logits.at(-1) ?? [])).toBeLessThan(TOLERANCE);
    });
  }

  it("uses every tensor that is no vocabulary table, and none that is", () => {
    const { checkpoint, weights, description } = transformer;
    const tables = checkpoint.tables.flatMap(({ tensors }) => tensors.map(({ entry }) => entry.name));
    const others = weights.names.filter((tensor) => !tables.includes(tensor) && !UNUSED[name]?.test(tensor));
    expect(namedTensors(description).sort()).toEqual(others.sort());
  });
});

interface Expected {
  readonly sequences: readonly ExpectedSequence[];
  /** Encoder–decoder models: the same sequences beside a source. */
  readonly source?: readonly number[];
  readonly sourced?: readonly ExpectedSequence[];
}

function expectedOf(name: string): Expected {
  return JSON.parse(readFileSync(join(FIXTURES, name, "expected.json"), "utf8"));
}

function fixtureIsMasked(name: string): boolean {
  return JSON.stringify(fixtureConfig(name).architectures).match(/MaskedLM|PreTraining/) !== null;
}

function queryOf({ tokens, positions }: ExpectedSequence) {
  return { tokens: Uint32Array.from(tokens), positions: Uint32Array.from(positions) };
}

/** The largest difference; NaN when there is one. */
function difference(found: Float32Array, expected: readonly number[]): number {
  expect(found.length).toBe(expected.length);
  return found.reduce((largest, value, i) => Math.max(largest, Math.abs(value - expected[i])), 0);
}
