import { mutateBytes } from "./mutate-bytes.mjs";
import { mutateJson } from "./mutate-json.mjs";
import { mutateLines } from "./mutate-lines.mjs";
import { mutateProto } from "./mutate-proto.mjs";
import { mutateSafetensors } from "./mutate-safetensors.mjs";

/**
 * A folder of which one file is damaged: in one of two ways as bytes, in the other as what it is.
 * @param seeds `{ name, files, attacked, as }`: contents by file name, the names of the files that may be damaged, and where a name
 *   does not say what is in the file, one that would
 */
export function damagedFolder(random, seeds, wild) {
  const seed = random.pick(seeds);
  const name = random.pick(seed.attacked);
  const other = random.pick(seeds);
  const content = Buffer.from(seed.files[name]);
  const splice = Buffer.from(other.files[random.pick(other.attacked)]);
  const [way, damaged] = mutateFile(random, seed.as ?? name, content, { splice, wild });
  const files = Object.entries(seed.files).map(([file, whole]) => [file, file === name ? damaged : whole]);
  return { what: `${seed.name} ${name} ${way}`, files, name };
}

/** Damages a file by what its name says it is. */
export function mutateFile(random, name, content, { splice = content, wild } = {}) {
  const form = FORMS.find(([names]) => names.test(name));
  if (form === undefined || random.oneIn(3)) return ["bytes", mutateBytes(random, content, splice)];
  const [, way, mutate] = form;
  return [way, mutate(random, content, wild)];
}

const FORMS = [
  [/\.safetensors$|\.plan$/, "header", mutateSafetensors],
  [
    /\.json$/,
    "json",
    (random, content, wild) => mutateJson(random, JSON.parse(content.toString("utf8")), wild),
  ],
  [/\.model$/, "fields", mutateProto],
  [/\.(txt|tsv|vec|tiktoken|align|jinja|lines)$/, "lines", mutateLines],
];
