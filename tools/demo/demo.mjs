// What `npm start` shows: the sample model gets another tokenizer, step by step, with the commands a user would type.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const revocab = fileURLToPath(new URL("../../apps/revocab/bin/revocab.js", import.meta.url));
mkdirSync(new URL("../../out", import.meta.url), { recursive: true });

show("The sample: a small Llama trained on children's stories, and another tokenizer.");
run("inspect", "sample/model");

show(
  "Give it that tokenizer. Shared tokens keep their rows; each new token becomes the mean of the tokens that spelled it.",
);
run(
  "swap",
  "sample/model",
  "--tokenizer",
  "sample/tokenizer",
  "--method",
  "subtoken-mean",
  "--out",
  "out/swapped",
  "--eval",
  "sample/stories.txt",
  "--by-token",
  "--html",
  "out/swapped.html",
  "--force",
);

show("Rows predicted by a small network that was trained for this model, from how a token is spelled.");
run(
  "swap",
  "sample/model",
  "--tokenizer",
  "sample/tokenizer",
  "--method",
  "hypernetwork",
  "--with",
  "hypernetwork=sample/hypernetwork",
  "--out",
  "out/predicted",
  "--eval",
  "sample/stories.txt",
  "--force",
);

show("Both speak; the swapped one needs training before it is as good again.");
run("generate", "sample/model", "Once upon a time", "--max-tokens", "30");
run("generate", "out/predicted", "Once upon a time", "--max-tokens", "30");

show("The same as a plan: the weights alone, which can be looked at and applied to any fine-tune.");
run(
  "plan",
  "sample/model",
  "--tokenizer",
  "sample/tokenizer",
  "--method",
  "subtoken-mean",
  "--out",
  "out/swap.plan",
  "--force",
);
run("explain", "out/swap.plan", " butterfly", " castle", "</s>");

console.log(
  "\nThe swapped model lies in out/swapped and out/predicted: any program that opens Hugging Face models opens it." +
    `\nWhat the swap did is on a page; open it in a browser: ${join(root, "out/swapped.html")}`,
);

function show(text) {
  console.log(`\n\x1b[1m${text}\x1b[0m`);
}

function run(...args) {
  console.log(
    `\n$ npx revocab ${args.map((arg) => (/^[\w./-]+$/.test(arg) ? arg : JSON.stringify(arg))).join(" ")}`,
  );
  const { status } = spawnSync(process.execPath, [revocab, ...args], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) process.exit(status ?? 1);
}
