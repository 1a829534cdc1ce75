import type { TokenExplanation } from "@revocab/plan";
import { list, paragraph, type TextDocument } from "@revocab/report-document";
import type { Command } from "commander";
import { runCommand } from "../run-command.ts";

export function registerExplain(program: Command): void {
  const command = program
    .command("explain")
    .summary("show a row as a weighted sum of source tokens")
    .description("Show rows of a plan as weighted sums of source tokens.")
    .argument("<plan>", "a file that revocab plan wrote")
    .argument("<tokens...>", "target tokens: the text of one token, a special such as </s>, or an id")
    .action(async (file: string, tokens: readonly string[]) => {
      const { explainToken, findToken, openPlan } = await import("@revocab/plan");
      await runCommand(
        command,
        async () => {
          const { plan, rowSource } = await openPlan(file);
          try {
            const explanations: TokenExplanation[] = [];
            for (const token of tokens) explanations.push(explainToken(plan, await findToken(plan, token)));
            return explanations;
          } finally {
            await rowSource.close();
          }
        },
        presentExplanations,
        { readsOnly: true },
      );
    });
}

function presentExplanations(explanations: readonly TokenExplanation[]): TextDocument {
  return {
    blocks: explanations.flatMap(({ id, token, tables }) => [
      paragraph(`${id} ${quoted(token)}`),
      list(
        tables.map(({ slot, origin, sum }) => {
          const terms = sum.slice(0, 12).map((term) => `${term.weight.toFixed(3)} · ${quoted(term.token)}`);
          const rest = sum.length > 12 ? ` + ${sum.length - 12} more` : "";
          return `${slot} = ${terms.length > 0 ? terms.join(" + ") + rest : "(a row of its own)"}   [${origin}]`;
        }),
      ),
    ]),
  };
}

function quoted(token: string): string {
  return /^(<.+>|\[.+\]|\(.+\))$/.test(token) ? token : `"${token}"`;
}
