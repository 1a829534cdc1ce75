import { pageTokenizer } from "@revocab/report-page/internal";
import { REAL_TOKENIZERS, realData, realLines } from "@revocab/test-support/real-data";
import { loadTokenizer, unlessRefused } from "@revocab/vocabulary";
import { documentOf } from "@revocab/vocabulary/internal";
import { describe, expect, it } from "vitest";
import { probeTexts } from "../src/panels/probe-texts.ts";

const TEXTS = ["wikitext2-valid", "multi30k.de", "xquad.ar", "xquad.zh", "en-sw.sw"];

describe.skipIf(!realData)("the page's encoder", () => {
  // a WordLevel, which the JavaScript library does not know
  it.each(REAL_TOKENIZERS.filter((name) => name !== "models/shakespeare-char"))(
    "gives the ids of the Rust library for 1,000 lines and all probes: %s",
    async (name) => {
      const tokenizer = await loadTokenizer(`${realData}/${name}`);
      const { encode } = pageTokenizer(documentOf(tokenizer));
      const lines = TEXTS.flatMap((text) => realLines([text], 200_000).slice(0, 200));
      expect(lines).toHaveLength(1000);
      const texts = [...lines.map((line) => line.slice(0, 60)), ...probeTexts(tokenizer)];
      const expected = await Promise.all(texts.map((text) => unlessRefused(tokenizer.encode(text))));
      expect(texts.map(encode)).toEqual(expected.map((ids) => ids && [...ids]));
    },
  );
});
