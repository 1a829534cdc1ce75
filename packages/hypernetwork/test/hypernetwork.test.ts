import type {
  EmbeddingTable,
  InitContext,
  InitMethod,
  ProgressEvent,
  RevocabError,
  Vocabulary,
} from "@revocab/core";
import { copyOverlap, mean, planTable, withFallback } from "@revocab/embedding-init";
import { encodeSurfaceForms, hypernetwork, openHypernetwork, predictRows } from "@revocab/hypernetwork";
import { readMatrix, storeMatrix } from "@revocab/matrix";
import {
  makeContext,
  makeTables,
  SOURCE_VOCABULARY,
  TARGET_VOCABULARY,
} from "@revocab/test-support/contract-models";
import { scratchFolders } from "@revocab/test-support/folders";
import { handMadeVocabulary, text, UNUSED } from "@revocab/test-support/hand-made-vocabulary";
import { allDenseRows } from "@revocab/test-support/plan-rows";
import { describe, expect, it } from "vitest";
import { writeContractNetwork } from "./method-folder.ts";
import { writeNetwork } from "./network-folder.ts";

const scratch = scratchFolders();
const [input, output, bias] = makeTables() as [EmbeddingTable, EmbeddingTable, EmbeddingTable];

function network(changes: Record<string, unknown> = {}): string {
  const folder = scratch();
  writeContractNetwork(folder, changes);
  return folder;
}

function contextOf(
  tables: readonly EmbeddingTable[] = makeTables(),
  target: Vocabulary = TARGET_VOCABULARY,
): { context: InitContext; notes: string[] } {
  const notes: string[] = [];
  const onProgress = (event: ProgressEvent) => {
    if (event.type === "note") notes.push(event.message);
  };
  return { context: { ...makeContext(target, tables), job: { onProgress } }, notes };
}

/** A row per target id; undefined for one that nothing was planned for. */
async function plannedRows(context: InitContext, method: InitMethod, table: EmbeddingTable) {
  const plan = await planTable({ context, method, table });
  const { data, columns } = await allDenseRows(plan);
  const rows = new Map<number, number[]>();
  for (const [i, id] of plan.dense.ids.entries()) {
    rows.set(id, [...data.subarray(i * columns, (i + 1) * columns)]);
  }
  return { rows, originOf: (id: number) => plan.origins[plan.origin[id]!] };
}

const failureOf = (act: Promise<unknown>): Promise<RevocabError> =>
  act.then(
    () => {
      throw new Error("nothing was thrown");
    },
    (error: RevocabError) => error,
  );
const prepare = (directory: string, context = contextOf().context, language?: string) =>
  hypernetwork({ directory, language }).prepare(context);

describe("hypernetwork", () => {
  it("gives a token the row that is predicted from the pieces that spell it, rounded once", async () => {
    const directory = network();
    const { context } = contextOf();
    const own = await openHypernetwork(directory);
    const ids = Array.from({ length: TARGET_VOCABULARY.size }, (_, id) => id).filter(
      (id) => TARGET_VOCABULARY.kindOf(id) === "text" && TARGET_VOCABULARY.tokenOf(id) !== "ö",
    );
    const forms = encodeSurfaceForms(
      ids.map((id) => TARGET_VOCABULARY.bytesOf(id)),
      { vocabulary: own.tokenizer.vocabulary, formLength: 4, padId: 2 },
    );
    const predicted = await predictRows({
      hypernetwork: own,
      source: { input: input.matrix, output: output.matrix },
      forms,
    });
    const expected = { input: predicted.input, output: predicted.output!, "output.bias": predicted.bias! };
    for (const { slot } of [input, output, bias]) {
      const { rows } = await plannedRows(context, hypernetwork({ directory }), tableOf(context, slot));
      const { data, columns } = expected[slot as keyof typeof expected];
      ids.forEach((id, i) => {
        const rounded = rows.get(id)!;
        rounded.forEach((value, j) => {
          const exact = data[i * columns + j]!;
          expect(Math.abs(value - exact)).toBeLessThanOrEqual(Math.abs(exact) * 2 ** -8 + 1e-6);
        });
      });
      expect(rows.has(TARGET_VOCABULARY.idsOf(new TextEncoder().encode("ö"))[0]!)).toBe(false);
    }
  });

  it("copies a special by its role, the head's row from the role it has there, and has none for an unknown one", async () => {
    const { context } = contextOf();
    const method = hypernetwork({ directory: network() });
    const endOfText = TARGET_VOCABULARY.idOfSpecial("<|endoftext|>")!;
    const unheard = TARGET_VOCABULARY.idOfSpecial("<|unheard|>")!;
    for (const [slot, role] of [
      ["input", "bos"],
      ["output", "eos"],
    ] as const) {
      const table = tableOf(context, slot);
      const { rows } = await plannedRows(context, method, table);
      const source = await readMatrix(table.matrix, SOURCE_VOCABULARY.idOfRole(role)!, 1);
      expect(rows.get(endOfText)).toEqual([...source.data]);
      expect(rows.has(unheard)).toBe(false);
    }
  });

  it("notes what it was cut, could not spell and how long its rows are, and the file it ran", async () => {
    const { context, notes } = contextOf();
    await prepare(network(), context);
    const all = notes.join("\n");
    expect(all).toMatch(/model\.safetensors: sha256 [0-9a-f]{64}/);
    expect(all).toMatch(/3 target tokens are spelled in more than 4 pieces of the hypernetwork.*"jjjjjjjj"/);
    expect(all).toMatch(/1 target token has bytes that the hypernetwork cannot spell.*"ö"/);
    expect(all).toMatch(/median norm of \d+ predicted input rows is [\d.]+, and that of the model's [\d.]+/);
    expect(all).toMatch(
      /predicts for \d+ tokens that both vocabularies have are like the model's own by a median cosine/,
    );
    expect(all).toMatch(/predicted output rows/);
  });

  it("keeps its figures out of plans, unless its rows are far longer or shorter than the model's", async () => {
    const kept = async (scale: number) => {
      const { data, ...shape } = await readMatrix(input.matrix, 0, input.matrix.rows);
      const table = { ...input, matrix: storeMatrix({ ...shape, data: data.map((value) => value * scale) }) };
      const notes: string[] = [];
      const onProgress = (event: ProgressEvent) => {
        if (event.type === "note" && event.isDetail !== true) notes.push(event.message);
      };
      const tables = [table, output, bias];
      await prepare(network(), { ...makeContext(TARGET_VOCABULARY, tables), job: { onProgress } });
      return notes.filter((note) => note.includes("predicted input rows"));
    };
    const lengths = await Promise.all([1, 1000, 0.001].map(kept));
    expect(lengths.map((notes) => notes.length)).toEqual([0, 1, 1]);
    expect(lengths[1]?.[0]).toMatch(
      /median norm .* the hypernetwork may be another model's, or its rescaler off$/,
    );
  });

  it("drops a bias that the model has no place for, and says so", async () => {
    const { context, notes } = contextOf([input, output]);
    await prepare(network(), context);
    expect(notes.join("\n")).toContain("predicts a bias per token, for which this model has no place");
  });

  it("leaves a bias it does not predict to the fallback, and says so", async () => {
    const { context, notes } = contextOf();
    const method = withFallback(
      copyOverlap(),
      hypernetwork({ directory: network({ hn_predict_bias: false }) }),
      mean(),
    );
    const abc = TARGET_VOCABULARY.idsOf(new TextEncoder().encode("abc"))[0]!;
    expect((await plannedRows(context, method, tableOf(context, "output.bias"))).originOf(abc)).toBe("mean");
    expect((await plannedRows(context, method, tableOf(context, "output"))).originOf(abc)).toBe(
      "hypernetwork",
    );
    expect(notes.join("\n")).toContain("no rows for the table output.bias");
  });

  it("does not spell with tokens that the source does not have any more", async () => {
    const hidden = handMadeVocabulary(
      Array.from({ length: SOURCE_VOCABULARY.size }, (_, id) => {
        const token = SOURCE_VOCABULARY.tokenOf(id);
        return token === "ab" ? UNUSED : sourceEntry(id);
      }),
    );
    const target = handMadeVocabulary([text("ab"), text("abc")]);
    const { context } = contextOf(makeTables(), target);
    const method = hypernetwork({ directory: network() });
    const seen = await plannedRows(context, method, tableOf(context, "input"));
    const blindContext = { ...context, source: { ...context.source, vocabulary: hidden } };
    const blind = await plannedRows(blindContext, method, tableOf(context, "input"));
    expect(blind.rows.get(0)).not.toEqual(seen.rows.get(0));
  });

  it("names what is known when a language is missing, unknown or not asked for", async () => {
    const folder = scratch();
    writeNetwork(folder, "all-positions-language");
    const wide = makeTables({ columns: 8 });
    const failure = (language?: string, directory = folder) =>
      failureOf(prepare(directory, contextOf(wide).context, language));
    expect(await failure()).toMatchObject({
      code: "bad_options",
      hint: expect.stringContaining("all, de, en"),
    });
    expect(await failure("fr")).toMatchObject({
      code: "bad_options",
      message: expect.stringContaining('"fr"'),
    });
    expect(await failure("de", network())).toMatchObject({
      message: expect.stringContaining("asks for none"),
    });
  });

  it("takes a language by its number where the config names none", async () => {
    const folder = scratch();
    writeNetwork(folder, "all-positions-language", { langs: undefined });
    expect((await failureOf(prepare(folder, contextOf().context, "7"))).hint).toContain("0, 1, 2");
  });

  it("refuses a model of another width, size or kind of head, with both numbers", async () => {
    const directory = network();
    const failure = (tables: readonly EmbeddingTable[]) =>
      failureOf(prepare(directory, contextOf(tables).context));
    expect((await failure(makeTables({ columns: 5 }))).message).toMatch(/5 columns.*trained for 6/);
    expect((await failure(makeTables({ padding: -1 }))).message).toMatch(/20 input rows.*trained for 21/);
    expect((await failure([input])).message).toContain("this model's head is tied to its input");
    const untied: EmbeddingTable = { ...output, matrix: input.matrix };
    expect((await failure([input, untied])).message).toContain("this model's head is tied to its input");
    const tiedNetwork = scratch();
    writeNetwork(tiedNetwork, "tied-plain");
    const wide = contextOf(makeTables({ columns: 8 })).context;
    expect((await failureOf(prepare(tiedNetwork, wide))).message).toContain(
      "this model's head has rows of its own",
    );
    for (const one of [await failure([input]), await failure(makeTables({ columns: 5 }))]) {
      expect(one).toMatchObject({ code: "shape_mismatch", hint: expect.stringContaining("one base model") });
    }
  });

  it("refuses a hypernetwork of another model's tokens", async () => {
    const other = handMadeVocabulary(
      Array.from({ length: SOURCE_VOCABULARY.size }, (_, id) => (id < 8 ? sourceEntry(id) : text(`${id}`))),
    );
    const { context } = contextOf();
    const failure = await failureOf(
      prepare(network(), { ...context, source: { ...context.source, vocabulary: other } }),
    );
    expect(failure.code).toBe("shape_mismatch");
    expect(failure.message).toMatch(/12 of 15 ids stand for other bytes, such as 8: "a" and "8"/);
  });

  it("refuses a batch that is no whole number", () => {
    expect(() => hypernetwork({ directory: "x", batch: 0.5 })).toThrow(
      expect.objectContaining({ code: "bad_options" }),
    );
  });

  it("gives input and head of a model that is being untied the same rows, where it predicts one per token", async () => {
    const folder = scratch();
    writeContractNetwork(folder, {}, "contract-tied");
    const untied: EmbeddingTable = { ...output, matrix: input.matrix };
    const { context } = contextOf([input, untied]);
    const method = hypernetwork({ directory: folder });
    const [ofInput, ofOutput] = [
      await plannedRows(context, method, input),
      await plannedRows(context, method, untied),
    ];
    const abc = TARGET_VOCABULARY.idsOf(new TextEncoder().encode("abc"))[0]!;
    expect(ofInput.rows.get(abc)).toHaveLength(6);
    expect(ofOutput.rows.get(abc)).toEqual(ofInput.rows.get(abc));
  });
});

function tableOf({ source }: InitContext, slot: string): EmbeddingTable {
  return source.tables.find((table) => table.slot === slot)!;
}

function sourceEntry(id: number) {
  return {
    kind: SOURCE_VOCABULARY.kindOf(id),
    bytes: SOURCE_VOCABULARY.bytesOf(id),
    token: SOURCE_VOCABULARY.tokenOf(id),
    roles: SOURCE_VOCABULARY.rolesOf(id),
  };
}
