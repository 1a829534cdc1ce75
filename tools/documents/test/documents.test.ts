import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { scratchFolders } from "@revocab/test-support/folders";
import { describe, expect, it } from "vitest";
import { inProcess } from "../../../apps/revocab/test/in-process.ts";
import { anchorMaker } from "../anchors.mjs";
import { blocksOf, wordsOf } from "../blocks.ts";
import { RUN, runDocument } from "../run-document.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const scratch = scratchFolders();

const names = [
  ...["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "sample/README.md", "tools/bench/README.md"],
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).map((name) => `docs/${name}`),
  ...readdirSync(join(root, "packages")).map((name) => `packages/${name}/README.md`),
].filter(
  (name) => name.endsWith(".md") && !name.startsWith("docs/decisions/") && !name.startsWith("docs/api/"),
);

const documents = names.map((name) => ({ name, text: readFileSync(join(root, name), "utf8") }));
const runnable = documents.filter(({ text }) =>
  blocksOf(text).some(({ language, reason }) => RUN.includes(language) && reason === undefined),
);

describe("every js, sh and console block of the documents", () => {
  it.each(runnable)("of $name runs, and prints what the document shows", async ({ name, text }) => {
    await runDocument(name, text, scratch());
  });

  it("runs, but for a few that say why not", () => {
    const left = documents.flatMap(({ name, text }) =>
      blocksOf(text)
        .filter(({ language, reason }) => RUN.includes(language) && reason !== undefined)
        .map(({ line, reason }) => `${name}:${line}: ${reason}`),
    );
    for (const reason of left) expect(reason).toMatch(/: .{10,}$/);
    expect(left.length, left.join("\n")).toBeLessThanOrEqual(10);
  });

  it("is marked as such: commands stand in no other block", () => {
    for (const { name, text } of documents) {
      const others = blocksOf(text).filter(({ language }) => language === "");
      for (const block of others)
        expect(block.text, `${name}:${block.line}`).not.toMatch(/^(\$|npx|revocab) /m);
    }
  });

  it("and every indented command has a name and options that the command line knows", async () => {
    const helps = new Map<string, string>();
    for (const { name, text } of documents) {
      for (const [line, words] of text.matchAll(/^ {4,}(?:npx )?revocab (.+)$/gm)) {
        const [command = "", second = ""] = wordsOf(words!.replaceAll(/[[\]…<>|]/g, " ")) ?? [];
        const path = ["vectors", "corpus", "dynamic"].includes(command) ? [command, second] : [command];
        const help = helps.get(path.join(" ")) ?? (await inProcess([...path, "--help"])).stdout;
        helps.set(path.join(" "), help);
        // a command may have another name behind its own
        expect(help, `${name}: ${line}`).toMatch(new RegExp(`^Usage: revocab ${path.join(" ")}[ |]`));
        for (const [option] of words!.matchAll(/(?<=\s)--[a-z-]+/g))
          expect(help, `${name}: ${line}`).toContain(option);
      }
    }
    expect(helps.size).toBeGreaterThan(5);
  });
});

describe("every relative link of the documents", () => {
  const anchors = new Map(documents.map(({ name, text }) => [name, anchorsOf(text)]));

  it.each(documents)("of $name leads to a file, and to a heading of it", ({ name, text }) => {
    const prose = text.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "");
    for (const [, path, anchor] of prose.matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)/g)) {
      const place = path === "" ? name : join(dirname(name), path!);
      expect(existsSync(join(root, place)), `${name}: ${path}`).toBe(true);
      if (anchor === undefined) continue;
      expect(anchors.get(place) ?? anchorsOf(readFileSync(join(root, place), "utf8")), place).toContain(
        anchor,
      );
    }
  });
});

/** Headings as GitHub links to them. */
function anchorsOf(text: string): readonly string[] {
  const anchorOf = anchorMaker();
  return Array.from(text.matchAll(/^#+ (.+)$/gm), ([, heading]) =>
    anchorOf(heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")),
  );
}
