import { readFileSync } from "node:fs";
import { type FileSource, readSafetensorsHeader } from "@revocab/checkpoint";
import { RevocabError } from "@revocab/core";
import { describe, expect, it } from "vitest";

/** Made by tools/oracle/safetensors-headers.py: mutants of safetensors files, and what the library reads from them. */
interface Case {
  readonly kind: string;
  /** In base64. */
  readonly file: string;
  /** Undefined for a file that the library refuses. */
  readonly reads?: {
    readonly tensors: readonly (readonly [name: string, dtype: string, shape: readonly number[]])[];
    readonly metadata: Readonly<Record<string, string>> | null;
  };
}

const { cases } = JSON.parse(
  readFileSync(new URL("./fixtures/safetensors-headers.json", import.meta.url), "utf8"),
) as { readonly cases: readonly Case[] };

/** As the library's own names sort: by code points. */
const byName = ([a]: readonly [string, ...unknown[]], [b]: readonly [string, ...unknown[]]) =>
  Buffer.compare(Buffer.from(a), Buffer.from(b));

async function read(file: string): Promise<Case["reads"] | RevocabError> {
  const bytes = Buffer.from(file, "base64");
  const source: FileSource = {
    list: async () => [],
    open: async () => ({
      bytes: bytes.length,
      read: async (into, position) => void into.set(bytes.subarray(position, position + into.length)),
      close: async () => {},
    }),
  };
  try {
    const { tensors, metadata } = await readSafetensorsHeader("m.safetensors", source);
    return {
      tensors: tensors.map(({ name, dtype, shape }) => [name, dtype, shape] as const).sort(byName),
      metadata: metadata ?? null,
    };
  } catch (error) {
    if (error instanceof RevocabError && error.code === "bad_safetensors") return error;
    throw error;
  }
}

describe("of mutants of safetensors files our reader accepts those that the safetensors library accepts", () => {
  const kinds = new Map<string, Case[]>();
  for (const one of cases) {
    const kind = one.kind.includes("+") ? "two at once" : one.kind;
    kinds.set(kind, [...(kinds.get(kind) ?? []), one]);
  }
  it.each([...kinds])("%s", async (_, some) => {
    for (const { file, reads } of some) {
      const found = await read(file);
      if (found instanceof RevocabError && /2\^53 - 1 are not supported here/.test(found.message)) continue;
      if (reads === undefined) expect(found, atob(file)).toBeInstanceOf(RevocabError);
      else expect(found, atob(file)).toEqual(reads);
    }
  });

  it("all kinds are there, and both answers", () => {
    expect(new Set(cases.map(({ kind }) => kind)).size).toBeGreaterThan(40);
    expect(cases.filter(({ reads }) => reads !== undefined).length).toBeGreaterThan(150);
    expect(cases.filter(({ reads }) => reads === undefined).length).toBeGreaterThan(250);
  });
});
