import type { TokenId } from "@revocab/core";
import { quote } from "@revocab/core";
import { renderSample, tokensOfRoles } from "@revocab/plan/internal";
import { type EncodedTexts, type Tokenizer, unlessRefused } from "@revocab/vocabulary";
import type { ReportedEdit } from "../swap/make-report.ts";
import { gateFailed } from "./gate-failed.ts";
import { SAMPLE_TEXT } from "./sample-text.ts";

/**
 * Sample sentences, pairs of them and a conversation in each chat template that stayed: an edited tokenizer must write them with
 * the tokens and type ids of before, but where a token that is new, renamed, promoted or gone has a part in it. What one of
 * them has no tokens for, the other must have none for either.
 * @throws RevocabError `gate_failed`
 */
export async function checkSameEncodings({
  source,
  edited,
  edit: { oldIdOf, changed },
}: {
  readonly source: Tokenizer;
  readonly edited: Tokenizer;
  readonly edit: Pick<ReportedEdit, "oldIdOf" | "changed">;
}): Promise<{ readonly name: string; readonly detail: string }> {
  const isChanged = new Set(changed);
  const newIdOf = new Map<TokenId, TokenId>();
  for (const [id, old] of oldIdOf.entries()) if (old >= 0) newIdOf.set(old, id);
  const samples = [...sentences(), ...(await conversations(source, edited))];
  let same = 0;
  for (const { what, encode } of samples) {
    const [before, after] = [await unlessRefused(encode(source)), await unlessRefused(encode(edited))];
    const expected = Array.from(before?.ids ?? [], (id) => newIdOf.get(id) ?? -1);
    const isAlike =
      before === undefined || after === undefined
        ? before === after
        : isSame(expected, after.ids) && isSame(before.typeIds, after.typeIds);
    if (isAlike) same++;
    else if (!expected.includes(-1) && !after?.ids.some((id) => isChanged.has(id))) {
      throw gateFailed(`${what} is written otherwise than before, though no token that was changed is in it`);
    }
  }
  const kinds = "sample sentences, pairs and conversations";
  return {
    name: "encodings",
    detail:
      same === samples.length
        ? `${same} ${kinds} are written as before`
        : `${same} of ${samples.length} ${kinds} are written as before; the others have tokens that are new or gone`,
  };
}

interface Sample {
  readonly what: string;
  readonly encode: (tokenizer: Tokenizer) => Promise<EncodedTexts>;
}

function sentences(): Sample[] {
  const texts = SAMPLE_TEXT.split("\n").filter((text) => text.trim() !== "");
  // lines alone, and all of them with the white space between
  const single = [...texts, SAMPLE_TEXT].map((text) => ({
    what: `the text ${quote(text)}`,
    encode: ({ encodeWithSpecials }: Tokenizer) => encodeWithSpecials(text),
  }));
  const pairs = texts.slice(1).map((text, place) => ({
    what: `the pair ${quote(texts[place])}, ${quote(text)}`,
    encode: ({ encodeWithSpecials }: Tokenizer) => encodeWithSpecials(texts[place]!, text),
  }));
  return [...single, ...pairs];
}

/** By each template that both have; what a template refuses to write it refused before. */
async function conversations(source: Tokenizer, edited: Tokenizer): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const [name, template] of source.chatTemplates) {
    if (edited.chatTemplates.get(name) !== template) continue;
    const isRendered = await renderSample(template, tokensOfRoles(source)).then(
      () => true,
      () => false,
    );
    if (!isRendered) continue;
    const encode = async (tokenizer: Tokenizer) => {
      const { text } = await renderSample(template, tokensOfRoles(tokenizer));
      const ids = await tokenizer.encode(text);
      return { ids, typeIds: new Uint8Array(ids.length) };
    };
    samples.push({ what: `a conversation in the chat template ${quote(name)}`, encode });
  }
  return samples;
}

function isSame(left: ArrayLike<number>, right: ArrayLike<number>): boolean {
  return left.length === right.length && Array.from(left).every((value, place) => value === right[place]);
}
