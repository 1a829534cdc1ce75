import { byte, handMadeVocabulary, special, text } from "@revocab/test-support/hand-made-vocabulary";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { describe, expect, it } from "vitest";
import { chooseHidden } from "../src/leave-out/choose-hidden.ts";

const WORDS = Array.from({ length: 200 }, (_, i) => text(`word ${i}`));
const SOURCE = handMadeVocabulary(WORDS);

describe("the tokens to hide", () => {
  it("are text tokens of both, once for each source token, and all ids of their bytes are hidden", () => {
    const source = handMadeVocabulary([special("</s>", "eos"), text("a"), byte(0x61), byte(0x0a), text("a")]);
    const target = handMadeVocabulary([text("\n"), text("</s>"), text("a"), special("</s>", "eos")]);
    expect(chosen({ source, target, share: 1 })).toEqual({
      sharedTokens: 1,
      targets: Uint32Array.of(2),
      sources: Uint32Array.of(1),
      hiddenSources: new Set([1, 4, 2]),
    });
  });

  it("are among those of a larger share", () => {
    const few = chosen({ share: 0.1 }).hiddenSources;
    const many = chosen({ share: 0.4 }).hiddenSources;
    expect([few.size, many.size]).toEqual([20, 80]);
    expect([...few].filter((id) => !many.has(id))).toEqual([]);
  });

  it("are others with another seed", () => {
    const [first, second] = [0, 1].map((seed) => chosen({ share: 0.1, seed }).hiddenSources);
    expect([...first].filter((id) => second.has(id)).length).toBeLessThan(10);
  });

  it("are the same tokens of the source in whatever order the target has them", () => {
    const target = handMadeVocabulary(WORDS.toReversed());
    const { targets, sources, hiddenSources } = chosen({ target, share: 0.1 });
    expect(hiddenSources).toEqual(chosen({ share: 0.1 }).hiddenSources);
    expect(Array.from(targets, (id) => 199 - id)).toEqual([...sources]);
  });
});

function chosen({ source = SOURCE, target = SOURCE, share = 0.1, seed = 0, maxTokens = 1000 }) {
  const alignment = alignVocabularies({ source, target });
  return chooseHidden(source, target, alignment, { seed, share, maxTokens });
}
