import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";

const scratch = scratchFolders();
const page = readFileSync(fileURLToPath(new URL("../../../docs/chat-models.md", import.meta.url)), "utf8");
const blocks = (language: string) =>
  Array.from(
    page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g")),
    ([, text]) => text as string,
  );

describe("docs/chat-models.md", () => {
  it("shows commands that run, and prints what they print", async () => {
    const folder = scratch();
    cpSync(SAMPLE_MODEL, join(folder, "sample/model"), { recursive: true });
    cpSync(SAMPLE_TOKENIZER, join(folder, "sample/tokenizer"), { recursive: true });
    writeFileSync(join(folder, "chatml.jinja"), blocks("jinja")[0] as string);
    const commands = blocks("sh").flatMap((block) => block.trim().split("\n"));
    expect(commands.length).toBe(5);
    const outputs: string[] = [];
    for (const command of commands) {
      const [program, ...words] = command.match(/"[^"]*"|\S+/g) as string[];
      expect(program).toBe("revocab");
      const args = words.map((word, place) => {
        const bare = word.replace(/^"(.*)"$/, "$1");
        const isPath = /^(sample\/|chatml)/.test(bare) || words[place - 1] === "--out";
        return isPath ? join(folder, bare) : bare;
      });
      const { code, stdout, stderr } = await inProcess([...args, "--quiet"]);
      expect([command, code, stderr]).toEqual([command, 0, ""]);
      outputs.push(stdout);
    }
    for (const part of (blocks("")[0] as string).split("…\n")) expect(outputs[0]).toContain(part);
  });
});
