import { join } from "node:path";
import { fitTokenizer } from "../../../packages/plan/dist/index.js";
import { loadTokenizer } from "../../../packages/vocabulary/dist/index.js";
import { made, repositoryFile, tinyTokenizer, writeFolder } from "../inputs.mjs";
import { damagedFolder } from "../mutate-file.mjs";
import { added, smallTokenizers } from "../seeds/small-tokenizers.mjs";

const { cases } = JSON.parse(repositoryFile("packages/plan/test/fixtures/chat-templates.json"));
const seeds = cases.map(({ name, template }) => ({
  name,
  files: { ...tokenizerWith(template), "chat_template.jinja": template },
  attacked: ["chat_template.jinja"],
}));

export default function chatTemplates(inputs) {
  return { seeds, mutant, read: (folder, _, random) => readTemplate(folder, inputs, random) };
}

/** A tokenizer that has every role, and the control tokens that a template writes. */
function tokenizerWith(template) {
  const document = smallTokenizers().metaspace;
  const size = Object.keys(document.model.vocab).length;
  const markers = new Set(
    [...template.matchAll(/<\|\w+\|>/g)]
      .map(([marker]) => marker)
      .concat("<pad>", "<|USER|>", "<|ASSISTANT|>", "<|system|>", "<|user|>", "<|assistant|>"),
  );
  document.added_tokens.push(...[...markers].map((marker, place) => added(size + place, marker)));
  const roles = { bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>", pad_token: "<pad>" };
  return {
    "tokenizer.json": JSON.stringify(document),
    "tokenizer_config.json": JSON.stringify({ tokenizer_class: "PreTrainedTokenizerFast", ...roles }),
  };
}

function mutant(random) {
  if (!random.oneIn(3)) return damagedFolder(random, seeds);
  const { files } = random.pick(seeds);
  const template = random.oneIn(2)
    ? `${random.pick(PROGRAMS)}${files["chat_template.jinja"]}`
    : random.pick(PROGRAMS);
  return { what: "program", files: Object.entries({ ...files, "chat_template.jinja": template }) };
}

/** One in four as the template of a model whose tokenizer is replaced, a third of these also as a file of one's own: both start processes. */
async function readTemplate(folder, inputs, random) {
  const own = await loadTokenizer(folder);
  if (!random.oneIn(4)) return own.notes;
  const target = await loadTokenizer(
    await made(inputs, "target", (place) => writeFolder(place, tinyTokenizer(20))),
  );
  const { fitting } = await fitTokenizer(target, own, { chatTemplate: "source" });
  if (!random.oneIn(3)) return [...own.notes, ...fitting.notes];
  const chatTemplateFile = join(folder, "chat_template.jinja");
  const { template } = await fitTokenizer(own, own, { chatTemplateFile });
  return [...own.notes, ...fitting.notes, ...(template?.note === undefined ? [] : [template.note])];
}

/** Templates that are no templates: without end, without bound, at what is not theirs. */
const PROGRAMS = [
  "{% for i in range(1000000000) %}x{% endfor %}",
  "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
  "{% set ns = namespace(x='a') %}{% for i in range(40) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
  "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
  `${"{% if true %}".repeat(5000)}x${"{% endif %}".repeat(5000)}`,
  `{{ ${"(".repeat(20_000)}1${")".repeat(20_000)} }}`,
  `{{ ${"[".repeat(20_000)}${"]".repeat(20_000)} }}`,
  `{{ ${"not ".repeat(20_000)}1 }}`,
  `{{ ${"1+".repeat(20_000)}1 }}`,
  "{{ 'a' * 1000000000 }}",
  "{{ 'x'.ljust(1000000000) }}",
  "{{ messages.constructor.constructor('return process')() }}",
  "{{ messages.__proto__ }}{{ [].constructor }}{{ ''.__class__.__mro__ }}",
  "{% set messages.__proto__.x = 1 %}{{ messages | tojson(indent=1000000000) }}",
  "{{ raise_exception('\u001b[2J\u202e' ~ 'x' * 1) }}",
  `{{ raise_exception('${"x".repeat(5000)}') }}`,
  "{{ strftime_now('%Y') }}",
  "{% include 'etc/passwd' %}{% import 'x' as y %}",
  "{{ undefined.x.y }}",
  "{{ 1 / 0 }}{{ 1 % 0 }}{{ 10 ** 1000 }}",
  "{% for m in messages %}{{ m }}",
  "{{ messages",
  "{# ",
  "{% raw %}",
  "{{ messages | map(attribute='x') | join(',') | indent(1000000000) }}",
  "{{ range(0, 10, 0) | list }}",
  "{% for x in messages recursive %}{{ loop(messages) }}{% endfor %}",
  "{{ '%s' | format(messages) }}",
  "\u0000\u001b[31m",
  "{{ bos_token }}\u202e{{ '<|' ~ '\u001b[2J' ~ '|>' }}",
];
