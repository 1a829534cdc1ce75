import { quote, SPECIAL_ROLES, type TokenId } from "@revocab/core";
import { type SwapPlan, tokenizerOf } from "@revocab/plan";
import { renderSample, tokensOfRoles } from "@revocab/plan/internal";
import {
  displayToken,
  type EncodedTexts,
  fingerprint,
  loadTokenizer,
  type Tokenizer,
  unlessRefused,
  writableEncoder,
} from "@revocab/vocabulary";
import type { OwnTokenizer } from "../swap/own-tokenizer.ts";
import { type GateCheck, type GateOptions, gateFailed } from "./gate-check.ts";

/**
 * Opens the written folder's tokenizer as AutoTokenizer does, by its class and all its files. It must be the planned one, keep
 * the settings that belong to the model, and give no id without a row. An edited tokenizer must encode as before.
 * @throws RevocabError `gate_failed`
 */
export async function checkWrittenTokenizer({
  directory,
  plan,
  model,
  own,
}: GateOptions): Promise<readonly GateCheck[]> {
  const { rows } = plan.target;
  const tokenizer = tokenizerOf(plan.target);
  const written = await loadTokenizer(directory);
  requirePlanned(written, plan);
  requireSettings(written, model.tokenizer, own !== undefined);
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
  const roundTrip = (await survivesRoundTrip(tokenizer))
    ? "come back from their text"
    : "do not all come back from their text: it loses information";
  const unwritable = refused === 0 ? "" : `; it cannot write ${refused} of them`;
  return [
    {
      name: "tokenizer",
      detail: `as planned, opened as ${written.reference.className}; ids of ${SAMPLE_TEXT.length} characters of sample text ${roundTrip}${unwritable}`,
    },
    { name: "roles", detail: roles.join(", ") || "the tokenizer has no special tokens" },
    ...(own === undefined
      ? []
      : [await checkSameEncodings({ source: model.tokenizer, edited: written, own })]),
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
  const json = [written, target].map(({ files }) => files.get("tokenizer.json")!);
  if (Buffer.compare(json[0] as Uint8Array, json[1] as Uint8Array) !== 0) {
    throw gateFailed(
      ["the tokenizer.json that was written is not the one of the plan", ...differences].join(": "),
    );
  }
}

/** Padding, truncation, length and input names belong to the model: no tokenizer changes them. */
function requireSettings(written: Tokenizer, source: Tokenizer, isOwn: boolean): void {
  const settings = (tokenizer: Tokenizer) => {
    const { className, paddingSide, truncationSide, modelInputNames, modelMaxLength } = tokenizer.reference;
    const own = { paddingSide, truncationSide, modelInputNames, modelMaxLength };
    return isOwn ? { className, ...own } : own;
  };
  const [before, after] = [settings(source), settings(written)].map((one) => JSON.stringify(one));
  if (before === after) return;
  throw gateFailed(`the settings of the tokenizer were ${before} and are ${after}`);
}

/** Counts the tokens of all files: a config may add some that tokenizer.json does not have. */
function requireRows({ vocabulary, reference }: Tokenizer, rows: number): void {
  if (vocabulary.size <= rows) return;
  const beyond = reference.addedTokens.map(({ content }) => quote(content));
  const names = beyond.length === 0 ? "" : `, such as ${beyond.slice(0, 3).join(", ")}`;
  throw gateFailed(
    `AutoTokenizer gives ids up to ${vocabulary.size - 1}${names}, but there are ${rows} rows`,
    {
      hint: "tokenizer_config.json, added_tokens.json or special_tokens_map.json of the tokenizer name tokens that its tokenizer.json does not have: make them agree",
    },
  );
}

/** The ids of the sample text with its special tokens. What the tokenizer cannot encode is left out and counted. */
async function writeSample(
  tokenizer: Tokenizer,
): Promise<{ readonly ids: readonly TokenId[]; readonly refused: number }> {
  const whole = await unlessRefused(tokenizer.encodeWithSpecials(SAMPLE_TEXT));
  if (whole !== undefined) return { ids: [...whole.ids], refused: 0 };
  const { ids, refused } = await writableEncoder(tokenizer)(SAMPLE_TEXT);
  const specials = await unlessRefused(tokenizer.encodeWithSpecials(""));
  return { ids: [...ids, ...(specials?.ids ?? [])], refused: refused.join("").length };
}

/** Whether the ids of the sample text are the same after decoding and encoding. */
async function survivesRoundTrip(tokenizer: Tokenizer): Promise<boolean> {
  const { ids } = await writableEncoder(tokenizer)(SAMPLE_TEXT);
  const again: ArrayLike<TokenId> =
    (await unlessRefused(tokenizer.encode(await tokenizer.decode(ids)))) ?? [];
  return isSame(ids, again);
}

/**
 * Encodes sample sentences, pairs of sentences, and a conversation in each kept chat template. An edited tokenizer must give
 * the tokens and type ids of before; only a sample with a token that is new, renamed, promoted or removed may differ. A sample
 * that the source tokenizer refuses must be refused by the edited one, too.
 * @throws RevocabError `gate_failed`
 */
export async function checkSameEncodings({
  source,
  edited,
  own: { oldIdOf, changed },
}: {
  readonly source: Tokenizer;
  readonly edited: Tokenizer;
  readonly own: OwnTokenizer;
}): Promise<GateCheck> {
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
  // each line alone, then all lines with the line breaks between them
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

/** One for each template that both have. A template that refuses the conversation for the source is left out. */
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

/** What the gate sends through a written tokenizer: scripts, white space, digits, emoji and code. */
export const SAMPLE_TEXT = [
  "Once upon a time there was a little girl named Lily.",
  "The year 2024 had 366 days; 3.14159 ≈ π, and 50 % of 7,000,000 is 3.5e6.",
  "Zürich, café, naïve, Ærøskøbing, Łódź — “quoted”, ‘single’, en–dash…",
  "Der Schmetterling fliegt über die Straße. Habari ya asubuhi, rafiki yangu?",
  "Привет, мир! Γειά σου κόσμε. שלום עולם. مرحبا بالعالم. नमस्ते दुनिया. สวัสดีชาวโลก",
  "你好，世界。こんにちは世界。안녕하세요 세계.",
  "def add(a, b):\n\treturn a + b  # two  spaces\n\n\n    indented",
  "👩‍👩‍👧‍👦 🇩🇪 🤖 e\u0301 \u00a0 \u200b \ufeff",
].join("\n");
