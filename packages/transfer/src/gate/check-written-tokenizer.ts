import { quote, SPECIAL_ROLES, type TokenId } from "@revocab/core";
import type { SwapPlan } from "@revocab/plan";
import {
  displayToken,
  fingerprint,
  loadTokenizer,
  type Tokenizer,
  unlessRefused,
  writableEncoder,
} from "@revocab/vocabulary";
import type { ReportedEdit } from "../swap/make-report.ts";
import { checkSameEncodings } from "./check-same-encodings.ts";
import { gateFailed } from "./gate-failed.ts";
import { SAMPLE_TEXT } from "./sample-text.ts";

/**
 * Opens the written folder's tokenizer as AutoTokenizer does, by its class and all its files: it must be the planned one, keep
 * the settings that belong to the model, and give no id beyond the rows. An edited one must write what it wrote before.
 * @throws RevocabError `gate_failed`
 */
export async function checkWrittenTokenizer({
  directory,
  plan,
  source,
  edit,
}: {
  readonly directory: string;
  readonly plan: SwapPlan;
  /** The model's own tokenizer. */
  readonly source: Tokenizer;
  readonly edit: ReportedEdit | undefined;
}): Promise<readonly { readonly name: string; readonly detail: string }[]> {
  const { tokenizer, rows } = plan.target;
  const written = await loadTokenizer(directory);
  requirePlanned(written, plan);
  requireSettings(written, source, edit !== undefined);
  requireRows(written, rows);
  const { ids, refused } = await writeSample(tokenizer);
  const beyond = ids.find((id) => id >= rows);
  if (beyond !== undefined) {
    throw gateFailed(`the tokenizer gives the id ${beyond}, but there are ${rows} rows`);
  }
  const roles = SPECIAL_ROLES.flatMap((role) => {
    const id = written.vocabulary.idOfRole(role);
    return id === undefined ? [] : [`${role} ${displayToken(written.vocabulary, id)}`];
  });
  const { className } = written.reference;
  return [
    {
      name: "tokenizer",
      detail: `as planned, opened as ${className}; ids of ${SAMPLE_TEXT.length} characters of sample text ${(await returns(tokenizer)) ? "come back from their text" : "do not all come back from their text: it loses information"}${refused === 0 ? "" : `; it cannot write ${refused} of them`}`,
    },
    { name: "roles", detail: roles.join(", ") || "the tokenizer has no special tokens" },
    ...(edit === undefined ? [] : [await checkSameEncodings({ source, edited: written, edit })]),
  ];
}

function requirePlanned(written: Tokenizer, { target }: SwapPlan): void {
  const { isInForce, reason, differences } = written.reference;
  if (!isInForce) throw gateFailed(`the tokenizer that was written is not read as it was meant: ${reason}`);
  if (fingerprint(written.vocabulary) !== target.fingerprint) {
    throw gateFailed(
      ["the tokenizer that was written is not the one of the plan", ...differences].join(": "),
    );
  }
  const json = [written, target.tokenizer].map(({ files }) => files.get("tokenizer.json")!);
  if (Buffer.compare(json[0] as Uint8Array, json[1] as Uint8Array) !== 0) {
    throw gateFailed(
      ["the tokenizer.json that was written is not the one of the plan", ...differences].join(": "),
    );
  }
}

/** What a padded batch, a long text and the inputs of the model look like is the model's, whatever its tokenizer. */
function requireSettings(written: Tokenizer, source: Tokenizer, isEdit: boolean): void {
  const settings = (tokenizer: Tokenizer) => {
    const { className, paddingSide, truncationSide, modelInputNames, modelMaxLength } = tokenizer.reference;
    const own = { paddingSide, truncationSide, modelInputNames, modelMaxLength };
    return isEdit ? { className, ...own } : own;
  };
  const [before, after] = [settings(source), settings(written)].map((one) => JSON.stringify(one));
  if (before === after) return;
  throw gateFailed(`the settings of the tokenizer were ${before} and are ${after}`);
}

/** Ids that any file of the folder gives, tokens that a config alone adds among them. */
function requireRows({ vocabulary, reference }: Tokenizer, rows: number): void {
  if (vocabulary.size <= rows) return;
  const beyond = reference.addedTokens.map(({ content }) => quote(content));
  const names = beyond.length === 0 ? "" : `, such as ${beyond.slice(0, 3).join(", ")}`;
  throw gateFailed(
    `AutoTokenizer gives ids up to ${vocabulary.size - 1}${names}, but there are ${rows} rows`,
    "tokenizer_config.json, added_tokens.json or special_tokens_map.json of the tokenizer name tokens that its tokenizer.json does not have: make them agree",
  );
}

/** The sample with its special tokens; of one that the tokenizer refuses, what it can write, and the specials alone. */
async function writeSample(
  tokenizer: Tokenizer,
): Promise<{ readonly ids: readonly TokenId[]; readonly refused: number }> {
  const whole = await unlessRefused(tokenizer.encodeWithSpecials(SAMPLE_TEXT));
  if (whole !== undefined) return { ids: [...whole.ids], refused: 0 };
  const { ids, refused } = await writableEncoder(tokenizer)(SAMPLE_TEXT);
  const specials = await unlessRefused(tokenizer.encodeWithSpecials(""));
  return { ids: [...ids, ...(specials?.ids ?? [])], refused: refused.join("").length };
}

async function returns(tokenizer: Tokenizer): Promise<boolean> {
  const { ids } = await writableEncoder(tokenizer)(SAMPLE_TEXT);
  const again: ArrayLike<TokenId> =
    (await unlessRefused(tokenizer.encode(await tokenizer.decode(ids)))) ?? [];
  return again.length === ids.length && ids.every((id, place) => id === again[place]);
}
