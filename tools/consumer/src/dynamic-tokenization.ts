import {
  type BatchMerges,
  calibrateMerges,
  dynamicTokenizer,
  firstMerges,
  type MergeDegree,
  type mergeApplier,
  mergeBatch,
  type RowProvider,
  type SegmentedText,
  segmentText,
  type TokenRows,
} from "@revocab/dynamic-tokenization";
import { loadTokenizer } from "@revocab/vocabulary";
import { same } from "./same.js";

export async function merged(): Promise<void> {
  const tokenizer = await loadTokenizer("sample/model");
  const { vocabulary } = tokenizer;
  const text = await segmentText(tokenizer, "Once upon a time", "word");
  same<typeof text, SegmentedText>();
  const batch = mergeBatch([text], { vocabulary, until: (merges, tokens) => merges === 3 || tokens < 4 });
  same<typeof batch, BatchMerges>();
  same<ReturnType<ReturnType<typeof mergeApplier>>, Uint32Array>();
  const { reached, unreached } = calibrateMerges([text], [{ merges: 3 }, { reduction: 0.1 }], { vocabulary });
  same<typeof unreached, readonly MergeDegree[]>();
  const merges = firstMerges(batch, reached[0]?.merges ?? 0);
  // @ts-expect-error: merges were learned within some boundaries
  dynamicTokenizer(tokenizer, merges);
  // @ts-expect-error: a degree says how far in one way
  calibrateMerges([text], [{ share: 0.1 }], { vocabulary });

  const rows: RowProvider = {
    dependsOn: "bytes",
    changesOwn: false,
    rowsOf: async ({ tokens }) => ({
      input: { rows: tokens.length, columns: 1, data: Float32Array.from(tokens) },
    }),
    close: async () => {},
  };
  const found = await rows.rowsOf({ tokenizer, tokens: [1] });
  same<typeof found, TokenRows>();
}
