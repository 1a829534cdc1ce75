import type { TokenExplanation } from "@revocab/plan";
import type { Command } from "commander";
import { runCommand } from "../run-command.ts";

export function registerExplain(program: Command): void {
  const command = program
    .command("explain")
    .summary("show which source tokens a row is made of")
    .description("Show which source tokens a row of a plan is made of, with weights.")
    .argument("<plan>", "plan file made by revocab plan")
    .argument("<tokens...>", "target tokens: the text of one token, a special such as </s>, or an id")
    .action(async (file: string, tokens: readonly string[]) => {
      const { explainToken, findToken, openPlan } = await import("@revocab/plan");
      const { printExplanations } = await import("../print-reports.ts");
      await runCommand(
        command,
        async () => {
          const plan = await openPlan(file);
          try {
            const explanations: TokenExplanation[] = [];
            for (const token of tokens) explanations.push(explainToken(plan, await findToken(plan, token)));
            return explanations;
          } finally {
            await plan.close();
          }
        },
        printExplanations,
        { readsOnly: true },
      );
    });
}
