import { damagedFolder } from "../mutate-file.mjs";
import { tokenizerReading } from "../readings.mjs";
import { rankedFixture } from "../seeds/ranked.mjs";

const { ranks, folders } = rankedFixture();
const seeds = folders.map(({ title, name, files }) => ({
  name: title,
  files: {
    ...Object.fromEntries(Object.entries(files).map(([file, value]) => [file, JSON.stringify(value)])),
    [name]: ranks,
  },
  attacked: [name],
  as: "ranks.tiktoken",
}));

export default function tiktoken() {
  return {
    seeds,
    mutant: (random) => damagedFolder(random, seeds),
    read: tokenizerReading(),
    isNative: true,
  };
}
