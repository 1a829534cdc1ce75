import { subscribe, unsubscribe } from "node:diagnostics_channel";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { renderText } from "@revocab/report-document";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ShownResult } from "../src/run-command.ts";
import { inProcess } from "./in-process.ts";
import { writeTensors } from "./safetensors.ts";
import { INPUT_FILES, SCENES } from "./sample-outputs/commands.ts";
import { differences } from "./sample-outputs/compare.ts";
import { filesBelow, type Outcome, recordFile, steady, withShortLists } from "./sample-outputs/outcome.ts";
import { schemaFaults } from "./schema-faults.ts";

/*
 * The commands of `sample-outputs/commands.ts`, what they print, how they end and what they write, beside a record of an
 * earlier commit. Wording may change without a failure: of texts, the numbers, names, options, paths and quoted tokens
 * are compared; a card also by the words of its front matter; all other files by
 * their bytes. Figures and rows that onnxruntime has a part in differ in their last digits between CPUs: they are
 * compared within a thousandth, the written rows by samples and sums of squares.
 *
 *     REVOCAB_RECORD=1 npx vitest run apps/revocab/test/sample-outputs.test.ts && npx vitest run apps/revocab/test/sample-outputs.test.ts
 *
 * records anew, after a build. That is right where a change of behaviour is meant, and for a command that is added; the
 * diff of the record then shows what a user will see, and belongs in the commit. It is wrong to silence a failure of a
 * change that should change nothing.
 */
const RECORD = fileURLToPath(new URL("fixtures/sample-outputs.json", import.meta.url));
const isRecording = process.env.REVOCAB_RECORD === "1";
const recorded: Readonly<Record<string, Readonly<Record<string, Outcome>>>> = existsSync(RECORD)
  ? JSON.parse(readFileSync(RECORD, "utf8"))
  : {};
const found: Record<string, Record<string, Outcome>> = {};

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const { version } = JSON.parse(readFileSync(join(repository, "apps/revocab/package.json"), "utf8")) as {
  version: string;
};
const shown: ShownResult[] = [];
const keepShown = (result: unknown) => shown.push(result as ShownResult);
beforeAll(() => subscribe("revocab:shown", keepShown));
afterAll(() => unsubscribe("revocab:shown", keepShown));

const workingDirectory = process.cwd();
let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "revocab-sample-")));
  process.chdir(folder);
  cpSync(join(repository, "sample"), "sample", { recursive: true });
  for (const [name, text] of Object.entries(INPUT_FILES)) writeFileSync(name, text);
  writeAdapter("lora");
  mkdirSync("out");
});

afterEach(() => {
  process.chdir(workingDirectory);
  rmSync(folder, { recursive: true, force: true });
});

afterAll(() => {
  if (!isRecording) return;
  const record = Object.fromEntries(SCENES.map(({ name }) => [name, found[name] ?? recorded[name]]));
  writeFileSync(RECORD, `${JSON.stringify(record, null, 1)}\n`);
});

describe("what the commands print and write for the sample is what it was, but for wording", () => {
  it.each(SCENES)("$name", async ({ name, commands, ...how }) => {
    const outcomes: Record<string, Outcome> = {};
    const faults: string[] = [];
    for (const command of commands) {
      shown.length = 0;
      outcomes[command] = await outcomeOf(command, how.usesRuntime ?? false);
      const own = shown.flatMap((each) => [...longLinesOf(each), ...schemaFaults(each)]);
      faults.push(...own.map((fault) => `revocab ${command}\n  ${fault}`));
    }
    found[name] = outcomes;
    expect(faults.join("\n")).toBe("");
    if (isRecording) return;
    expect(commands).toEqual(Object.keys(recorded[name] ?? {}));
    const changed = commands.flatMap((command) =>
      differences(recorded[name]?.[command] as Outcome, outcomes[command] as Outcome, how).map(
        (difference) => `revocab ${command}\n  ${difference}`,
      ),
    );
    expect(changed.join("\n")).toBe("");
  });
});

/**
 * Lines that are longer than the terminal. Allowed are those that nothing may cut: code (a conversation in a template, behind a bar),
 * and a single path, address or token in running text.
 */
function longLinesOf({ document }: ShownResult): readonly string[] {
  if (document === undefined) return [];
  return [60, 80, 120].flatMap((width) =>
    renderText(document, { width })
      .split("\n")
      .filter((line) => line.length > width && !/^ *\| /.test(line))
      .filter((line) => !line.split(" ").some((word) => word.length > width - 8))
      .map((line) => `${width} columns: ${line}`),
  );
}

async function outcomeOf(command: string, usesRuntime: boolean): Promise<Outcome> {
  const before = filesBelow(folder);
  const args = [...command.matchAll(/"([^"]*)"|\S+/g)].map(([whole, quoted]) => quoted ?? whole);
  const { code, stdout, stderr } = await inProcess([...args, "--quiet"], { env: ENVIRONMENT });
  const after = filesBelow(folder);
  const clean = (text: string) => steady(text, folder, version);
  const changed = [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path) !== after.get(path))
    .sort();
  return {
    exitCode: code,
    stdout: command.includes("--json")
      ? withShortLists(JSON.parse(clean(stdout)), usesRuntime)
      : clean(stdout),
    stderr: clean(stderr),
    files: Object.fromEntries(
      changed.map((path) => [
        path,
        after.has(path) ? recordFile(join(folder, path), clean, usesRuntime) : null,
      ]),
    ),
  };
}

/** Nobody's token, and no network. */
const ENVIRONMENT = { HF_TOKEN: "", HF_HOME: "none", HF_HUB_OFFLINE: "1", HF_ENDPOINT: "http://127.0.0.1:9" };

/** A LoRA of the sample model that trains a layer and its embeddings. */
function writeAdapter(name: string): void {
  mkdirSync(name);
  const tensor = (path: string, shape: [number, number]) => {
    const values = Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => ((i * 37) % 101) / 101);
    return { name: `base_model.model.model.${path}`, dtype: "F32", shape, bytes: Buffer.from(values.buffer) };
  };
  writeTensors(join(name, "adapter_model.safetensors"), [
    tensor("embed_tokens.lora_embedding_A", [2, 1280]),
    tensor("embed_tokens.lora_embedding_B", [128, 2]),
    tensor("layers.0.self_attn.q_proj.lora_A.weight", [2, 128]),
    tensor("layers.0.self_attn.q_proj.lora_B.weight", [128, 2]),
  ]);
  const config = {
    peft_type: "LORA",
    r: 2,
    target_modules: ["embed_tokens", "q_proj"],
    base_model_name_or_path: "sample/model",
  };
  writeFileSync(join(name, "adapter_config.json"), JSON.stringify(config, null, 2));
}
