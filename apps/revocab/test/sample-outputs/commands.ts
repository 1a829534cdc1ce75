/** Commands that run one after another in one folder, which holds `sample/` and the input files below at first. */
export interface Scene {
  readonly name: string;
  readonly commands: readonly string[];
  /** onnxruntime has a part in the figures and rows: their last digits depend on the CPU. */
  readonly usesRuntime?: boolean;
  /** Stdout is what the model wrote: every word of it counts. */
  readonly isVerbatim?: boolean;
}

const SWAP = "swap sample/model --tokenizer sample/tokenizer";
const PLAN = "plan sample/model --tokenizer sample/tokenizer";

export const SCENES: readonly Scene[] = [
  {
    name: "help",
    commands: [
      "--version",
      "--help",
      ...[
        ...[
          "swap",
          "plan",
          "apply",
          "extend",
          "prune",
          "heal",
          "publish",
          "explain",
          "inspect",
          "quality",
          "eval",
          "compare",
          "report",
        ],
        ...["generate", "vectors", "vectors train", "vectors nearest", "vectors align", "corpus"],
        ...[
          "corpus mix",
          "align-text",
          "methods",
          "doctor",
          "dynamic",
          "dynamic encode",
          "dynamic vocabulary",
        ],
      ].map((command) => `${command} --help`),
    ],
  },
  {
    name: "what is there",
    commands: [
      "methods",
      "methods --json",
      "inspect sample/model",
      "inspect sample/model --json",
      "inspect sample/tokenizer",
      "inspect sample/tokenizer/tokenizer.json --json",
    ],
  },
  {
    name: "tokenizers side by side",
    commands: [
      "quality sample/model sample/tokenizer --text sample/stories.txt",
      "quality sample/model --text en=en.txt --text de=de.txt --parallel en.txt:de.txt --words terms.txt --json",
      "quality sample/model sample/tokenizer --words en=terms.txt --words de=de.txt --html out/quality.html",
    ],
  },
  {
    name: "swaps by the spelling",
    commands: [
      `${SWAP} --dry-run`,
      `${SWAP} --dry-run --out out/none --json`,
      `${SWAP} --out out/default`,
      `${SWAP} --method subtoken-mean --with weighting=byte-length --no-copy --out out/no-copy`,
      `${SWAP} --with weighting=front-loaded --with decay=0.3 --untie --pad-to-multiple-of 64 --out out/untied`,
      `${SWAP} --with weighting=first-last --role output --rows 3100 --out out/role`,
      `${SWAP} --special "<|im_start|>" "<|im_end|>" --eos "<|im_end|>" --chat-template chat.jinja --out out/chat`,
      `${SWAP} --special-tokens target --with weighting=exponential --untie --link --language en --out out/exponential`,
    ],
  },
  {
    name: "swaps by baselines",
    commands: [
      `${SWAP} --method mean --out out/mean`,
      `${SWAP} --method random --untie --seed 7 --out out/random`,
      `${SWAP} --method univariate-normal --out out/univariate`,
      `${SWAP} --method multivariate-normal --with epsilon=1e-5 --seed 1 --out out/multivariate`,
      `${SWAP} --method copy-overlap --fallback random --fallback-with standardDeviation=0.1 --out out/copy`,
      `${SWAP} --method zero --allow-zero-rows --out out/zero`,
      `${SWAP} --method zero --out out/refused --json`,
    ],
  },
  {
    name: "swaps by terms and texts",
    commands: [
      `${SWAP} --method domain-types --with types=types.tsv --with weight=0.6 --out out/types`,
      `${SWAP} --method focus --text sample/stories.txt --with dimension=16 --with epochs=1 --out out/focus`,
      `${SWAP} --method trans-tokenization --with parallel=de.txt:en.txt --with minCount=1 --fallback subtoken-mean --out out/trans`,
      "align-text de.txt:en.txt --out out/links.txt",
      "corpus mix --parallel de.txt:en.txt --alignments out/links.txt --seed 3 --out out/mixed.txt",
    ],
  },
  {
    name: "swaps by vectors",
    usesRuntime: true,
    commands: [
      `${SWAP} --method cw2v --with text=sample/stories.txt --with epochs=1 --with rank=16 --out out/cw2v`,
      "vectors train --text de.txt --dim 8 --epochs 2 --min-count 1 --buckets 500 --threads 1 --out out/de.bin",
      "vectors train --text en.txt --dim 8 --epochs 2 --min-count 1 --buckets 500 --threads 1 --out out/en.bin",
      "vectors nearest out/en.bin dog --neighbors 3",
      "vectors align out/en.bin out/de.bin --dictionary words.tsv --out out/turned.vec",
      `${SWAP} --method wechsel --with source-vectors=out/en.bin --with target-vectors=out/en.bin --with neighbors=3 --out out/wechsel`,
      `${SWAP} --method ofa --with source-vectors=out/en.bin --with target-vectors=out/turned.vec --with rank=16 --untie --out out/ofa`,
    ],
  },
  {
    name: "a plan, looked at and applied to a model and to an adapter",
    commands: [
      `${PLAN} --out out/swap.plan`,
      'explain out/swap.plan " butterfly" " castle" "</s>"',
      "explain out/swap.plan 739 471 --json",
      "apply out/swap.plan --model sample/model --out out/applied",
      "apply out/swap.plan --model sample/model --out out/applied --force --json",
      "apply out/swap.plan --adapter lora --base me/swapped --out out/lora",
      "apply out/swap.plan --adapter lora --base me/swapped --out out/lora-2 --json",
      `${PLAN} --method random --fallback zero --untie --keep-chat-template --out out/random.plan --json`,
      'explain out/random.plan " butterfly"',
    ],
  },
  {
    name: "edits of the model's own vocabulary",
    commands: [
      "extend sample/model --tokens terms.txt --special <|tool|> --out out/extended",
      "extend sample/model --learn sample/stories.txt --add 12 --spare en.txt --out out/learned",
      "extend sample/model --learn sample/stories.txt --add 16 --dry-run --json",
      "extend sample/model --special <|im_end|> --eos <|im_end|> --chat-template chat.jinja --out out/x --json",
      "extend sample/model --special <|im_start|> <|im_end|> --eos <|im_end|> --chat-template chat.jinja --out out/chat",
      "extend out/extended --rename <|tool|>=<|call|> --renamed-rows keep --out out/renamed",
      "extend sample/model --tokens terms.txt --as-written --skip-refused --keep-for sample/stories.txt --out out/both",
      "prune sample/model --keep-for sample/stories.txt --out out/pruned",
      "prune sample/model --keep-for sample/stories.txt --keep 500 --out out/pruned-500 --json",
      "prune sample/model --keep-for en.txt --keep-ids --out out/holes",
    ],
  },
  {
    name: "trained rows",
    usesRuntime: true,
    commands: [
      "heal sample/model --text sample/stories.txt --steps 2 --batch 512 --threads 1 --out out/healed",
      "heal sample/model --text sample/stories.txt --tokens 0.6k --batch 512 --learn all --rate 0.01 --context 64 --seed 2 --threads 1 --out out/all --json",
      "heal sample/model --text en.txt --out out/none --json",
      `${SWAP} --method subtoken-mean --text sample/stories.txt --heal 0.1k --threads 1 --out out/swapped`,
    ],
  },
  {
    name: "scores",
    usesRuntime: true,
    commands: [
      "eval sample/model --text sample/stories.txt",
      "eval sample/model --text sample/stories.txt --context 64 --stride 32 --max-bytes 1000 --bos never --json",
      "eval sample/model --text sample/stories.txt --max-bytes 150 --documents none --bytes",
      `${SWAP} --eval sample/stories.txt --out out/scored`,
      "eval sample/model --with out/scored --bytes --text sample/stories.txt --max-bytes 100 --weights 3,1",
      "eval sample/model --text sample/stories.txt --max-bytes 600 --by-token",
      `${SWAP} --eval sample/stories.txt --max-bytes 600 --by-token --out out/by-token`,
      "dynamic encode sample/model --text sample/stories.txt --merges 12 --boundaries word",
      "eval sample/model --text sample/stories.txt --dynamic sample/hypernetwork --reduction 10,20% --prefill",
      "report out/by-token --source sample/model",
      "report out/scored --source sample/model --text sample/stories.txt --max-bytes 600",
      "compare sample/model --tokenizer sample/tokenizer --text sample/stories.txt --methods mean,subtoken-mean:weighting=front-loaded --untie --max-bytes 1200",
      "compare sample/model --tokenizer sample/tokenizer --text sample/stories.txt --methods zero,subtoken-mean --max-bytes 600 --json",
      "compare sample/model --tokenizer sample/tokenizer --text sample/stories.txt --methods mean,subtoken-mean --max-bytes 600 --html compare.html",
      "compare sample/model --tokenizer sample/tokenizer --text sample/stories.txt --methods mean,subtoken-mean:weighting=head-byte-length:norms=calibrated --untie --after 1 --json",
    ],
  },
  {
    name: "swaps by the model itself, and by a hypernetwork",
    usesRuntime: true,
    commands: [
      `${SWAP} --text sample/stories.txt --with correction=none --untie --out out/formula`,
      `${SWAP} --text sample/stories.txt --with states=400 --untie --out out/contextual`,
      `${PLAN} --method chain-rule --with written=0 --role output --out out/chain-rule.plan`,
      "apply out/chain-rule.plan --model sample/model --out out/applied",
      `${SWAP} --method hypernetwork --with hypernetwork=sample/hypernetwork --out out/predicted`,
    ],
  },
  {
    name: "a model that speaks",
    isVerbatim: true,
    commands: [
      'generate sample/model "Once upon a time" --max-tokens 12',
      'generate sample/model "Once upon a time" --max-tokens 12 --temperature 0.8 --top-k 5 --seed 3 --json',
      'generate sample/model --bytes "Once upon a ti" --max-bytes 20',
      'generate sample/model --bytes "Once upon a ti" --max-bytes 20 --temperature 0.8 --top-p 0.9 --seed 3 --json',
    ],
  },
  {
    name: "failures",
    commands: [
      "frobnicate",
      "swap --json",
      "swap sample/model --json",
      `${SWAP} --json`,
      `${SWAP} --out out/x --frobnicate --json`,
      `${SWAP} --method nonsense --out out/x --json`,
      `${SWAP} --method nonsense --out out/x`,
      `${SWAP} --with weighting=heavy --out out/x --json`,
      `${SWAP} --with wieghting=uniform --out out/x --json`,
      `${SWAP} --with weighting=front-loaded --out out/x --json`,
      `${SWAP} --text sample/stories.txt --out out/x --json`,
      `${SWAP} --method chain-rule --out out/x --json`,
      `${SWAP} --method focus --out out/x --json`,
      `${SWAP} --method domain-types --out out/x --json`,
      `${SWAP} --method auto --out out/x --json`,
      `${SWAP} --method hypernetwork --with hypernetwork=sample/tokenizer --out out/x --json`,
      `${SWAP} --rows 1000 --out out/x --json`,
      `${SWAP} --untie --role input --out out/x --json`,
      `${SWAP} --threads 0 --out out/x --json`,
      `${SWAP} --seed -1 --out out/x --json`,
      `${SWAP} --token-id bos_token_id=99999 --out out/x --json`,
      `${SWAP} --eos <|none|> --out out/x --json`,
      `${SWAP} --carry nothing.txt --out out/x --json`,
      `${SWAP} --eval no/such/text.txt --out out/x --json`,
      `${SWAP} --ignore-tensor model.embed_tokens.weight --out out/x --json`,
      `${SWAP} --out sample/tokenizer --json`,
      `${SWAP} --out sample/model/inside --json`,
      `${SWAP} --out sample/model --force --json`,
      "swap no/such/model --tokenizer sample/tokenizer --out out/x --json",
      "swap sample/model --tokenizer no/such/tokenizer --out out/x --json",
      "swap sample/tokenizer --tokenizer sample/tokenizer --out out/x --json",
      "swap lora --tokenizer sample/tokenizer --out out/x --json",
      "plan sample/model --tokenizer sample/tokenizer --out sample/stories.txt --json",
      "explain sample/stories.txt dog --json",
      "apply no.plan --model sample/model --out out/x --json",
      `${PLAN} --out out/swap.plan`,
      "explain out/swap.plan 3000 --json",
      'explain out/swap.plan "a whole" --json',
      "apply out/swap.plan --out out/x --json",
      "apply out/swap.plan --model sample/model --base x --out out/x --json",
      `${SWAP} --out out/swapped`,
      "apply out/swap.plan --model out/swapped --out out/x --json",
      "extend sample/model --out out/x --json",
      "extend sample/model --add 5 --out out/x --json",
      "extend sample/model --tokens terms.txt --rename <unused0>=<|tool|> --out out/x --json",
      "prune sample/model --out out/x --json",
      "prune sample/model --keep-for sample/stories.txt --keep 3 --out out/x --json",
      "eval sample/model --text types.tsv --context 100000 --json",
      "eval sample/tokenizer --text sample/stories.txt --json",
      "compare sample/model --tokenizer sample/tokenizer --text sample/stories.txt --methods mean,nonsense --json",
      'generate sample/model "" --top-p 2 --json',
      "generate sample/model --bytes --json",
      'generate sample/model --with sample/model "" --json',
      'generate sample/model --bytes "" --with sample/model --weights 1 --json',
      'generate sample/model --bytes "" --suffix "." --json',
      "inspect no/such/model --json",
      "vectors nearest types.tsv dog --json",
      "vectors train --text no.txt --out out/x.bin --json",
      "align-text en.txt:types.tsv --out out/links.txt --json",
      "publish sample/model --to me/model --dry-run --json",
    ],
  },
];

/** Files beside `sample/`. */
export const INPUT_FILES: Readonly<Record<string, string>> = {
  "terms.txt": "butterfly\nkangaroo\nmicroscope\n",
  "chat.jinja": "{% for message in messages %}<|im_start|>{{ message.content }}<|im_end|>{% endfor %}",
  "types.tsv":
    "dog\tanimal\ncat\tanimal\nbird\tanimal,sky\nkite\ttoy,sky\nball\ttoy\n butterfly\tanimal,sky\n",
  "words.tsv": "dog\thund\ncat\tkatze\nbird\tvogel\nball\tball\ntree\tbaum\n",
  "en.txt": lines("dog cat bird ball tree", "the", "sees the", "and"),
  "de.txt": lines("hund katze vogel ball baum", "der", "sieht den", "und"),
};

/** "the dog sees the cat and the bird", and so on around the words. */
function lines(words: string, the: string, sees: string, and: string): string {
  const list = words.split(" ");
  const at = (i: number) => list[i % list.length];
  return list
    .map((word, i) => `${the} ${word} ${sees} ${at(i + 1)} ${and} ${the} ${at(i + 3)}\n`)
    .join("")
    .repeat(4);
}
