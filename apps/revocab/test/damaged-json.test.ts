import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { editHeader, writeTensors } from "./safetensors.ts";
import { type Workplace, workplace } from "./workplace.ts";

const scratch = scratchFolders();
const DEEP = "[".repeat(50_000) + "]".repeat(50_000);

/** A JSON text with one more entry, whatever it holds: `entry` is written as it stands. */
function withEntry(text: string, entry: string): string {
  return text.trimStart().startsWith("[")
    ? text.replace("[", `[${entry.replace(/^[^:]*:/, "")}, `)
    : text.replace("{", `{${entry}, `);
}

/** What is done to a JSON text, and what the message says of it. */
const DAMAGES: readonly (readonly [string, (text: string) => string, RegExp])[] = [
  [
    "that is 50,000 brackets",
    () => DEEP,
    /deeper than 200 levels|found a list|no JSON object|no tokenizer|is a list/,
  ],
  [
    "with an entry of 50,000 brackets",
    (text) => withEntry(text, `"an_entry": ${DEEP}`),
    /deeper than 200 levels/,
  ],
  [
    "with an escape that JSON does not have",
    (text) => withEntry(text, '"\\q": "\\q"'),
    /invalid JSON|complete JSON/,
  ],
  ["cut short", (text) => text.slice(0, text.length / 2), /cut short|invalid JSON/],
];

type Run = (at: Workplace) => readonly string[];
const swap: Run = ({ model, tokenizer, out }) => ["swap", model, "--tokenizer", tokenizer, "--out", out];
const extend: Run = ({ model, out }) => ["extend", model, "--special", "<new>", "--out", out];

/** Each foreign JSON: how it comes to be there, where it is read, and the error's code. */
const FILES: readonly (readonly [string, (at: Workplace) => string, Run, RegExp])[] = [
  ["config.json", ({ model }) => join(model, "config.json"), swap, /bad_config/],
  ["generation_config.json", ({ model }) => join(model, "generation_config.json"), swap, /bad_config/],
  ["tokenizer.json", ({ model }) => join(model, "tokenizer.json"), swap, /bad_tokenizer/],
  ["tokenizer_config.json", ({ model }) => join(model, "tokenizer_config.json"), swap, /bad_tokenizer/],
  [
    "the target's tokenizer.json",
    ({ tokenizer }) => join(tokenizer, "tokenizer.json"),
    swap,
    /bad_tokenizer/,
  ],
  ["a tokenizer.json to edit", ({ model }) => join(model, "tokenizer.json"), extend, /bad_tokenizer/],
  [
    "special_tokens_map.json",
    ({ model }) => written(model, "special_tokens_map.json", '{"pad_token": "<pad>"}'),
    swap,
    /bad_tokenizer/,
  ],
  [
    "added_tokens.json",
    ({ model }) => written(model, "added_tokens.json", '{"<pad>": 0}'),
    swap,
    /bad_tokenizer/,
  ],
  [
    "a processor's config",
    ({ model }) => written(model, "preprocessor_config.json", '{"size": 1}'),
    swap,
    /bad_config/,
  ],
  ["modules.json", ({ model }) => written(model, "modules.json", "[]"), swap, /bad_config/],
  [
    "an index of weights",
    ({ model }) => {
      const name = "model-00001-of-00001.safetensors";
      const map: Record<string, string> = {};
      editHeader(join(model, "model.safetensors"), (header) => {
        for (const tensor of Object.keys(header)) if (tensor !== "__metadata__") map[tensor] = name;
      });
      renameSync(join(model, "model.safetensors"), join(model, name));
      return written(model, "model.safetensors.index.json", JSON.stringify({ weight_map: map }));
    },
    swap,
    /bad_safetensors/,
  ],
  [
    "an adapter's config",
    ({ model }) => {
      const weight = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
      writeTensors(join(model, "adapter_model.safetensors"), [
        { name: weight, dtype: "F32", shape: [2, 128], bytes: Buffer.alloc(1024) },
      ]);
      return written(model, "adapter_config.json", '{"peft_type": "LORA"}');
    },
    swap,
    /bad_config/,
  ],
  [
    "a list of tokens",
    ({ inputs }) => written(inputs, "tokens.json", '["butterfly"]'),
    ({ model, out, inputs }) => ["extend", model, "--tokens", join(inputs, "tokens.json"), "--out", out],
    /bad_options/,
  ],
  [
    "terms with types",
    ({ inputs }) => written(inputs, "types.json", '{"aspirin": ["drug"]}'),
    (at) => [...swap(at), "--method", "domain-types", "--with", `types=${join(at.inputs, "types.json")}`],
    /bad_text/,
  ],
  [
    "a hypernetwork's config",
    ({ inputs }) => {
      cpSync(join(SAMPLE_MODEL, "../hypernetwork"), join(inputs, "network"), { recursive: true });
      return join(inputs, "network", "config.json");
    },
    (at) => [...swap(at), "--method", "hypernetwork", "--with", `hypernetwork=${join(at.inputs, "network")}`],
    /bad_config/,
  ],
];

function written(folder: string, name: string, text: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

async function expectTyped(args: readonly string[], code: RegExp, message: RegExp): Promise<string> {
  const finished = await inProcess([...args, "--quiet", "--json"]);
  const { error } = JSON.parse(finished.stdout) as {
    error: { code?: string; message: string; stack?: string };
  };
  expect(error.message).toMatch(message);
  expect(error.message.length).toBeLessThan(500);
  expect(error).toMatchObject({ code: expect.stringMatching(code) });
  expect(error).not.toHaveProperty("stack");
  return error.message;
}

describe.each(DAMAGES)("a JSON %s", (_, damage, message) => {
  it.each(FILES)("as %s gives one error that names the file", async (_name, place, run, code) => {
    const at = workplace(scratch());
    const path = place(at);
    writeFileSync(path, damage(readFileSync(path, "utf8")));
    const said = await expectTyped(run(at), code, message);
    expect(said).toContain(basename(path));
    expect(readdirSync(at.place)).toEqual([]);
  });

  it("in the metadata of a plan", async () => {
    const at = workplace(scratch());
    const plan = join(at.inputs, "swap.plan");
    await inProcess(["plan", at.model, "--tokenizer", at.tokenizer, "--out", plan, "--quiet"]);
    editHeader(plan, (header) => {
      const metadata = header.__metadata__ as unknown as Record<string, string>;
      metadata.plan = damage(metadata.plan!);
    });
    const said = new RegExp(`${message.source}|metadata that is wrong`);
    await expectTyped(["explain", plan, "1"], /bad_plan/, said);
  });
});

it("an entry of 50,000 brackets in the header of weights gives an error of that file", async () => {
  for (const key of ["__metadata__", "a.tensor"]) {
    const at = workplace(scratch());
    const path = join(at.model, "model.safetensors");
    const bytes = readFileSync(path);
    const end = 8 + Number(bytes.readBigUInt64LE(0));
    const header = Buffer.from(bytes.subarray(8, end).toString().replace("{", `{"${key}": ${DEEP}, `));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(path, Buffer.concat([length, header, bytes.subarray(end)]));
    await expectTyped(
      swap(at),
      /bad_safetensors/,
      /model\.safetensors has a header that is not valid JSON: nesting beyond 127 levels/,
    );
  }
});

it("an answer of 50,000 brackets to --token-id is refused", async () => {
  const at = workplace(scratch());
  await expectTyped(
    [...swap(at), "--token-id", `eos_token_id=${DEEP}`],
    /bad_options/,
    /deeper than 200 levels/,
  );
});
