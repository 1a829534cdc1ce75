import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { wordsOfLine } from "../../../packages/parallel-text/dist/index.js";
import { separateTexts } from "./separate-texts.mjs";

const REVOCAB = fileURLToPath(new URL("../../../apps/revocab/bin/revocab.js", import.meta.url));
const MARKER = "<|endoftext|>";

/**
 * The text that is scored, and what methods may know: made of the other part of the text alone, once for a work folder. An English
 * text is its own translation, so that methods for two languages have both sides.
 */
export function prepareEvidence({ file, part, terms = false, parallel, dictionary, data, folder }) {
  mkdirSync(folder, { recursive: true });
  const english = parallel && readFileSync(join(data, "text", parallel));
  const texts = separateTexts(readFileSync(join(data, "text", file)), part, english);
  const written = (name, bytes) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const evaluated = written("evaluated.txt", texts.evaluated);
  const sample = written("sample.txt", texts.sample);
  const lines = written("lines.txt", withoutMarkers(texts.sample));
  const translated = texts.translated && written("translated.txt", texts.translated);

  /** Made once: the file it makes is there only when it is whole, for the command sees to that. */
  const made = (name, ...args) => {
    const path = join(folder, name);
    if (!existsSync(path))
      execFileSync(process.execPath, [REVOCAB, ...args, "--out", path, "--quiet"], {
        stdio: ["ignore", "ignore", "inherit"],
      });
    return path;
  };
  const vectors = (name, text) => {
    const words = written(`${name}.words.txt`, text.toString().replace(/[.,!?"]/g, " $& "));
    const settings = ["--buckets", "200000", "--epochs", "10", "--learning-rate", "0.1", "--threads", "1"];
    return made(`${name}.bin`, "vectors", "train", "--text", words, ...settings);
  };

  return {
    evaluated,
    sample,
    lines,
    hasTerms: terms,
    /** Where a method may keep what it learned. */
    file: (name) => join(folder, name),
    /** Word vectors of both sides. */
    wordVectors() {
      const target = vectors("target", readFileSync(lines));
      if (!translated) return { "source-vectors": target, "target-vectors": target };
      // what the English model was trained on, and what the other side says
      const stories = withoutMarkers(
        separateTexts(readFileSync(join(data, "text", "tinystories.txt")), { stories: 81 }).sample,
      );
      const source = vectors("source", Buffer.concat([Buffer.from(stories), readFileSync(translated)]));
      return {
        "source-vectors": source,
        "target-vectors": target,
        dictionary: join(data, "dictionaries", dictionary),
      };
    },
    /** Both sides, and of a text with itself which word is which. */
    parallelText() {
      if (translated) return { parallel: `${translated}:${sample}` };
      const links = readFileSync(lines, "utf8")
        .replace(/\n$/, "")
        .split("\n")
        .map((line) =>
          wordsOfLine(line)
            .map((_, i) => `${i}-${i}`)
            .join(" "),
        );
      return {
        parallel: `${lines}:${lines}`,
        alignments: written("identity.txt", `${links.join("\n")}\n`),
        words: "unicode",
      };
    },
    /** Text in which new tokens stand among tokens that both vocabularies have. */
    mixedText() {
      if (!translated) return lines;
      return made(
        "mixed.txt",
        "corpus",
        "mix",
        "--parallel",
        `${translated}:${sample}`,
        "--forms",
        "interleaved",
      );
    },
  };
}

function withoutMarkers(text) {
  return text.toString().replaceAll(`${MARKER}\n`, "").replaceAll(MARKER, "");
}
