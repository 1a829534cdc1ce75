import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { TransformerDescription } from "../src/description.ts";
import { describeConfig, FIXTURES, fixtureConfig } from "./family-context.ts";

const DOCUMENT = readFileSync(join(import.meta.dirname, "../../../docs/evaluation.md"), "utf8");
const SECTION = DOCUMENT.slice(
  DOCUMENT.indexOf("## Models that can be run"),
  DOCUMENT.indexOf("### Memory and speed"),
);
const CASES = readdirSync(FIXTURES);

/** What the document calls a model of this kind. */
function kindOf({ kind, layers, encoder }: TransformerDescription): string {
  if (encoder !== undefined) return "encoder–decoders";
  if (kind === "masked") return "encoders";
  return layers.some(({ feedForward }) => feedForward.kind === "experts")
    ? "mixtures of experts"
    : "decoders";
}

it("the document lists the model types that can be run, as the code has them", () => {
  const kinds = new Map<string, Set<string>>();
  for (const name of CASES) {
    const config = fixtureConfig(name);
    const text = (config.text_config ?? config) as typeof config;
    const kind = kindOf(describeConfig({ ...text, model_type: config.model_type }));
    kinds.set(kind, (kinds.get(kind) ?? new Set()).add(String(config.model_type)));
  }
  const rows = ["decoders", "mixtures of experts", "encoders", "encoder–decoders"].map(
    (kind) => `| ${kind} | ${[...(kinds.get(kind) ?? [])].sort().join(", ")} |`,
  );
  expect(SECTION).toContain(rows.join("\n"));
});

it("the document says how many models the reference library ran", () =>
  expect(SECTION).toContain(`Logits of ${CASES.length} tiny random models`));
