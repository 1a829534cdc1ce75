import { openHypernetwork, predictRows } from "../../../packages/hypernetwork/dist/index.js";
import { storeMatrix } from "../../../packages/matrix/dist/index.js";
import { repositoryFolder } from "../inputs.mjs";
import { damagedFolder } from "../mutate-file.mjs";
import { smallTokenizers } from "../seeds/small-tokenizers.mjs";

const NETWORKS = "packages/hypernetwork/test/fixtures/networks";
const seeds = ["all-positions", "brain-half-shards", "contract-tied", "half", "tied-plain"].map((name) => {
  const { "expected.json": _, ...files } = repositoryFolder(`${NETWORKS}/${name}`);
  const attacked = [...Object.keys(files), "config.json", "config.json"];
  return {
    name,
    files: { ...files, "tokenizer.json": bytesWithin(JSON.parse(files["config.json"])) },
    attacked,
  };
});

export default function hypernetworks() {
  return { seeds, mutant: (random) => damagedFolder(random, seeds), read };
}

/** Opens the network, and runs it on one form: a graph is built of what the config says. */
async function read(folder) {
  const hypernetwork = await openHypernetwork(folder, { threads: 1 });
  try {
    const { config, tokenizer } = hypernetwork;
    if (config.sourceRows > MOST_ROWS || config.rowWidth > MOST_ROWS) return tokenizer.notes;
    const table = () =>
      storeMatrix({
        rows: config.sourceRows,
        columns: config.rowWidth,
        data: new Float32Array(config.sourceRows * config.rowWidth),
      });
    const source = { input: table(), ...(config.hasHeadRows && { output: table() }) };
    const ids = new Int32Array(config.formLength).fill(config.padId);
    ids[0] = 4;
    const forms = {
      ids,
      lengths: Uint16Array.of(1),
      formLength: config.formLength,
      padId: config.padId,
      truncated: [],
      unspelled: [],
    };
    await predictRows({ hypernetwork, source, forms, ...(config.languages && { language: 0 }) });
    return tokenizer.notes;
  } finally {
    await hypernetwork.close();
  }
}

/** The campaign makes the tables of the source itself, of whatever size a config says. */
const MOST_ROWS = 4096;

/** The byte-level tokenizer cut down to the ids that the network has rows for. */
function bytesWithin({ original_vocab_size, hn_n_extra_tokens }) {
  const document = smallTokenizers()["byte-level"];
  const entries = Object.entries(document.model.vocab).filter(
    ([, id]) => id < original_vocab_size + hn_n_extra_tokens,
  );
  document.model.vocab = Object.fromEntries(entries);
  document.model.merges = [];
  return JSON.stringify(document);
}
