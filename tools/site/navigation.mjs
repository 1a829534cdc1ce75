// What stands where in the site's navigation, for a reader who has never seen the project: first steps, then how to do things,
// then what to look up. Documents that are not listed are found by the links that lead to them.

/** A section's `pages` are documents under short names; its `index` is a page whose links name the others, in their order. */
export const NAVIGATION = [
  {
    title: "Start",
    pages: {
      "README.md": "Overview",
      "docs/installing.md": "Installing",
      "tools/site/live-examples.md": "Live examples",
      "docs/command-line.md": "The command line",
      "docs/limits.md": "Limits",
    },
  },
  {
    title: "Guides",
    pages: {
      "docs/guides/README.md": "All guides",
      "docs/guides/swap.md": "Swap a tokenizer",
      "docs/guides/initialize-rows.md": "Initialize rows",
      "docs/guides/edit-vocabulary.md": "Edit a vocabulary",
      "docs/guides/heal.md": "Heal rows",
      "docs/guides/after-a-swap.md": "After a swap",
      "docs/guides/evaluate.md": "Evaluate and compare",
      "docs/chat-models.md": "Make a chat model",
      "docs/adapters.md": "Carry adapters over",
      "docs/corpus.md": "Mix two languages",
      "docs/guides/publish.md": "Publish from code",
      "docs/publishing.md": "The Hub",
      "docs/guides/write-a-method.md": "Write a method",
    },
  },
  {
    title: "Quality and cost",
    pages: {
      "docs/comparison.md": "What a swap costs",
      "docs/evaluation.md": "How models are scored",
      "docs/quality.md": "Quality of tokenizers",
      "docs/review.md": "What a swap did",
      "tools/bench/README.md": "Speed and memory",
    },
  },
  {
    title: "Without a swap",
    pages: {
      "docs/dynamic-tokenization.md": "Dynamic tokenization",
      "docs/large-vocabulary.md": "Large vocabularies",
      "docs/bytes.md": "Byte by byte",
    },
  },
  { title: "Methods", index: "docs/methods/README.md" },
  {
    title: "Formats and rules",
    pages: {
      "docs/model-folders.md": "Model folders",
      "docs/tokenizers.md": "Tokenizers",
      "docs/plan-format.md": "The plan file",
      "docs/report.md": "revocab.json",
      "docs/pages.md": "Pages",
      "docs/security.md": "Security",
    },
  },
  { title: "API", index: "docs/api/README.md" },
  {
    title: "Project",
    pages: {
      "CHANGELOG.md": "Changes",
      "ARCHITECTURE.md": "Architecture",
      "CONTRIBUTING.md": "Contributing",
      "sample/README.md": "The sample",
    },
  },
  { title: "Decisions", index: "docs/decisions/README.md" },
];
