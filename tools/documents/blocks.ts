/** A fenced block of a document. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** Line of the fence, from 1. */
  readonly line: number;
  /** Why it cannot run: `<!-- not run: REASON -->` on the line before. */
  readonly reason?: string;
  /** The file that it is the content of: `<!-- file: NAME -->`. */
  readonly file?: string;
  /** Folders of this repository under names of the reader's: `<!-- given: NAME = PATH, … -->`. */
  readonly given: ReadonlyMap<string, string>;
}

/** The fenced blocks of a document, with what a comment that no reader sees says of each. */
export function blocksOf(document: string): readonly Block[] {
  const lines = document.split("\n");
  const blocks: Block[] = [];
  for (let start = 0; start < lines.length; start++) {
    const language = /^```(\w*)$/.exec(lines[start]!)?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf("```", start + 1);
    if (end < 0) throw new Error(`line ${start + 1}: the block has no end`);
    const remark = remarkBefore(lines, start);
    blocks.push({
      language,
      text: lines.slice(start + 1, end).join("\n"),
      line: start + 1,
      given: new Map(remark.given?.split(", ").map((pair) => pair.split(" = ") as [string, string])),
      ...(remark["not run"] && { reason: remark["not run"] }),
      ...(remark.file && { file: remark.file }),
    });
    start = end;
  }
  return blocks;
}

function remarkBefore(lines: readonly string[], start: number): Readonly<Record<string, string>> {
  const [, kind, text] = /^<!-- (not run|file|given): (.+) -->$/.exec(lines[start - 1] ?? "") ?? [];
  return kind === undefined ? {} : { [kind]: text as string };
}

/** Commands of a block of shell lines, a line that ends in a backslash with the next, without remarks. */
export function commandsOf(text: string): readonly string[] {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.replace(/(^|\s)# .*$/, "").trim())
    .filter((line) => line !== "");
}

/** A session of commands, each after `$ `, with the output that is shown of it. */
export function sessionOf(text: string): readonly { command: string; shown: readonly string[] }[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = "", ...output] = part.split("\n");
      // a line of "…" stands for any number of lines
      const shown = output.join("\n").split(/^…$/m);
      return {
        command: commandsOf(command)[0] ?? "",
        shown: shown.map((piece) => piece.replace(/^\n|\n$/g, "")),
      };
    });
}

/** Words of a command as a shell takes them apart; undefined where it needs a shell: a pipe, a variable, a redirection. */
export function wordsOf(command: string): readonly string[] | undefined {
  const words = command.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  const bare = command.replace(/"[^"$]*"|'[^']*'/g, "");
  return /[|&;<>$*~`(]/.test(bare)
    ? undefined
    : words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}
