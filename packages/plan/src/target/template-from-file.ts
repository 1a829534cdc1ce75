import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { quote, RevocabError, showText } from "@revocab/core";
import { readWhole } from "@revocab/files";
import { type Tokenizer, unlessRefused, writableEncoder } from "@revocab/vocabulary";
import { type RenderedSample, renderSample } from "./render-sample.ts";
import { tokensOfRoles } from "./tokens-of-roles.ts";

/** A chat template of one's own, checked against the tokenizer that is to use it. */
export interface FileTemplate {
  readonly from: "file";
  readonly templates: ReadonlyMap<string, string>;
  readonly note: string | undefined;
  /** The file without its path. */
  readonly file: { readonly name: string; readonly sha256: string };
  readonly sample: RenderedSample & {
    /** How many tokens the text is, and which of them are specials, in their order. */
    readonly tokens: number;
    readonly specials: readonly string[];
  };
}

/**
 * Reads a chat template, renders a sample conversation by it, and requires that every control token that it writes
 * (`<|im_start|>`) and every role that it names (`bos_token`) is one token of the tokenizer: a model would be trained on,
 * and asked with, pieces of them.
 * @throws RevocabError `missing_file`, `bad_text`; `bad_options` for a template that renders nothing, or whose tokens are none
 */
export async function templateFromFile(path: string, tokenizer: Tokenizer): Promise<FileTemplate> {
  const template = await readTemplate(path);
  const sample = await renderSample(template, tokensOfRoles(tokenizer));
  if (sample.text.trim() === "") {
    throw new RevocabError(
      "bad_options",
      `the chat template ${showText(path)} writes nothing of a conversation`,
      {
        hint: "give a file with a chat template in Jinja, which writes the messages",
      },
    );
  }
  const written = markersIn(`${template}\n${sample.text}`, tokenizer);
  const split = (
    await Promise.all(written.map(async (marker) => ((await isOneToken(tokenizer, marker)) ? [] : [marker])))
  ).flat();
  const missing = [...split.filter((marker) => CONTROL.test(marker)), ...missingRoles(template, tokenizer)];
  if (missing.length > 0) {
    const names = missing.map((marker) => quote(marker)).join(", ");
    throw new RevocabError(
      "bad_options",
      `the chat template ${showText(path)} writes ${names}, which the tokenizer does not have as one token`,
      {
        hint: `add what is missing as control tokens: \`specials: ${missing.map((one) => quote(one)).join(" ")}\``,
      },
    );
  }
  const { ids, refused } = await writableEncoder(tokenizer)(sample.text);
  const { vocabulary } = tokenizer;
  return {
    from: "file",
    templates: new Map([["default", template]]),
    note: noteOn(split, refused),
    file: { name: basename(path), sha256: createHash("sha256").update(template).digest("hex") },
    sample: {
      ...sample,
      tokens: ids.length,
      specials: Array.from(ids).flatMap((id) =>
        vocabulary.kindOf(id) === "special" ? [vocabulary.tokenOf(id)] : [],
      ),
    },
  };
}

/** The longest published ones have 20 kB. */
const LONGEST_TEMPLATE = 10e6;

function noteOn(split: readonly string[], refused: readonly string[]): string | undefined {
  const listed = (texts: readonly string[]) => texts.map((text) => quote(text)).join(", ");
  const notes = [
    ...(split.length === 0
      ? []
      : [`the chat template writes ${listed(split)} as ordinary text: the tokenizer has no such token`]),
    ...(refused.length === 0
      ? []
      : [
          `the tokenizer cannot write ${listed([...new Set(refused)].slice(0, 10))} of the sample conversation`,
        ]),
  ];
  return notes.length === 0 ? undefined : notes.join("; ");
}

/** As it is: what stands at its end is a template's, too. */
async function readTemplate(path: string): Promise<string> {
  const bytes = await readWhole(path, {
    most: LONGEST_TEMPLATE,
    hint: "give the path of a file with a chat template in Jinja",
  });
  if (isUtf8(bytes)) return bytes.toString("utf8");
  throw new RevocabError("bad_text", `the chat template ${showText(path)} is not UTF-8`, {
    hint: "convert it, for example with iconv -f LATIN1 -t UTF-8",
  });
}

/** Whether a marker is found whole in a text, as a special or as another added token (Qwen's `<think>`). */
async function isOneToken({ encode, vocabulary }: Tokenizer, marker: string): Promise<boolean> {
  const ids = await unlessRefused(encode(marker));
  return ids?.some((id) => vocabulary.tokenOf(id) === marker) ?? false;
}

/** What looks like a control token, and every special of the tokenizer that is written. */
function markersIn(text: string, { specialTokens }: Tokenizer): string[] {
  const markers = Array.from(text.matchAll(MARKER), ([marker]) => marker);
  const specials = specialTokens.map(({ token }) => token).filter((token) => text.includes(token));
  return [...new Set([...markers, ...specials])];
}

/** `<|im_start|>`, DeepSeek's `<｜User｜>`, `<start_of_turn>`; Jinja's own signs and comparisons are none. */
const MARKER = /<\|[^|<>\s]{1,64}\|>|<｜[^｜<>\s]{1,64}｜>|<\/?[a-z]\w{0,63}>/gi;
/** What no one writes as ordinary text; `<tools>` some templates do. */
const CONTROL = /^<[|｜].*[|｜]>$/;

function missingRoles(template: string, { vocabulary }: Tokenizer): string[] {
  const named = (["bos", "eos", "pad", "unk"] as const).filter((role) =>
    new RegExp(`\\b${role}_token\\b`).test(template),
  );
  return named.filter((role) => vocabulary.idOfRole(role) === undefined).map((role) => `${role}_token`);
}
