import { RevocabError } from "@revocab/core";
import type { Piece } from "./model-proto.ts";

/** The class that is to open a `.model`, with its tokenizer_config.json. */
export interface ModelReader {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * The pieces in the order of a class of the reference library. Some classes put their own special tokens first, so that every
 * id differs from the program's by one, or append languages and sentinels.
 * @throws RevocabError `unsupported_tokenizer` for a class whose numbering is not supported
 */
export function arrangePieces(
  pieces: readonly Piece[],
  { className, config }: ModelReader,
): readonly Piece[] {
  const why = UNSUPPORTED[className];
  if (why !== undefined) {
    throw new RevocabError(
      "unsupported_tokenizer",
      `the SentencePiece model is for the class ${className}, which ${why}`,
      {
        hint: "give a folder with tokenizer.json: AutoTokenizer.from_pretrained(folder).save_pretrained(folder) in Python writes it",
      },
    );
  }
  const arrangement = ARRANGEMENTS[className];
  if (arrangement === undefined) return pieces;
  const head = arrangement.head.map((name) => special(tokenOf(name, config), name === "unk_token"));
  const texts = new Set(head.map(({ text }) => text));
  const kept = pieces.filter(({ text }, id) =>
    arrangement.skip === "named" ? !texts.has(text) : id >= arrangement.skip,
  );
  const tail = arrangement.tail(config).map((name) => special(tokenOf(name, config), false));
  return [...head, ...kept, ...tail];
}

interface Arrangement {
  /** Keys of tokenizer_config.json, or tokens. */
  readonly head: readonly string[];
  /** How many pieces of the model are left out at the start; `named`: those in the head are left out. */
  readonly skip: number | "named";
  readonly tail: (config: ModelReader["config"]) => readonly string[];
}

const ROLES = ["bos_token", "pad_token", "eos_token", "unk_token"];
const DEFAULTS: Readonly<Record<string, string>> = {
  bos_token: "<s>",
  pad_token: "<pad>",
  eos_token: "</s>",
  unk_token: "<unk>",
  mask_token: "<mask>",
};

const MBART =
  "ar_AR cs_CZ de_DE en_XX es_XX et_EE fi_FI fr_XX gu_IN hi_IN it_IT ja_XX kk_KZ ko_KR lt_LT lv_LV my_MM ne_NP nl_XX ro_RO ru_RU si_LK tr_TR vi_VN zh_CN".split(
    " ",
  );
const MBART50 =
  "af_ZA az_AZ bn_IN fa_IR he_IL hr_HR id_ID ka_GE km_KH mk_MK ml_IN mn_MN mr_IN pl_PL ps_AF pt_XX sv_SE sw_KE ta_IN te_IN th_TH tl_XX uk_UA ur_PK xh_ZA gl_ES sl_SI".split(
    " ",
  );

/** As in `convert_from_spm` of transformers 5.18. */
const ARRANGEMENTS: Readonly<Record<string, Arrangement>> = {
  XLMRobertaTokenizer: { head: ROLES, skip: 3, tail: () => ["mask_token"] },
  LayoutXLMTokenizer: { head: ROLES, skip: 3, tail: () => ["mask_token"] },
  MBartTokenizer: { head: ROLES, skip: 3, tail: () => [...MBART, "mask_token"] },
  MBart50Tokenizer: { head: ROLES, skip: 3, tail: () => [...MBART, ...MBART50, "mask_token"] },
  CamembertTokenizer: {
    head: ["<s>NOTUSED", "pad_token", "</s>NOTUSED", "unk_token", "<unk>NOTUSED"],
    skip: 1,
    tail: () => ["mask_token"],
  },
  NllbTokenizer: { head: ROLES, skip: "named", tail: () => [] },
  T5Tokenizer: { head: [], skip: 0, tail: sentinels },
  VideoPrismTokenizer: { head: [], skip: 0, tail: sentinels },
};

const UNSUPPORTED: Readonly<Record<string, string>> = {
  PegasusTokenizer: "numbers pieces by an offset of its own",
  SeamlessM4TTokenizer: "numbers special tokens of its own first",
  PLBartTokenizer: "numbers pieces by a rule of its own",
  BartphoTokenizer: "takes the ids of its pieces from dict.txt",
  M2M100Tokenizer: "takes the ids of its pieces from vocab.json",
  MarianTokenizer: "takes the ids of its pieces from vocab.json",
  Speech2TextTokenizer: "takes the ids of its pieces from vocab.json",
};

function sentinels({ extra_ids: count }: ModelReader["config"]): string[] {
  const last =
    typeof count === "number" && Number.isInteger(count) && count >= 0 && count < 10_000 ? count : 100;
  return Array.from({ length: last }, (_, index) => `<extra_id_${last - 1 - index}>`);
}

function tokenOf(name: string, config: ModelReader["config"]): string {
  if (!(name in DEFAULTS)) return name;
  const value = config[name];
  if (typeof value === "string") return value;
  const { content } = (value ?? {}) as { readonly content?: unknown };
  return typeof content === "string" ? content : DEFAULTS[name]!;
}

function special(text: string, isUnknown: boolean): Piece {
  return { text, score: 0, type: isUnknown ? "unknown" : "control" };
}
