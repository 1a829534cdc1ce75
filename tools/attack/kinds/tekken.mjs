import { damagedFolder } from "../mutate-file.mjs";
import { tokenizerReading } from "../readings.mjs";
import { rankedFixture } from "../seeds/ranked.mjs";

const seeds = rankedFixture().tekkens.map(({ title, file }) => ({
  name: title,
  files: { "tekken.json": JSON.stringify(file) },
  attacked: ["tekken.json"],
}));

export default function tekken() {
  return {
    seeds,
    mutant: (random) => damagedFolder(random, seeds),
    read: tokenizerReading(),
    isNative: true,
  };
}
