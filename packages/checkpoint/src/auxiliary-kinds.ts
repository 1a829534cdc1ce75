import { showText } from "@revocab/core";

/**
 * What a model folder may hold beside weights, configs and tokenizer and still be true with another vocabulary, by kind.
 * It is a list of what is known to stay, not of what is known to be stale: a tokenizer file of a kind that nobody here
 * has heard of would otherwise survive a swap, and some reader would prefer it to the new one.
 */
const KINDS: readonly RegExp[] = [
  // licences and documents
  /(^|\/)(licen[cs]e|notice|use_policy|copying|authors|citation|acceptable_use_policy)[^/]*$/i,
  /\.(md|rst|pdf|bib|cff|ipynb)$/i,
  // pictures and sounds of the card
  /\.(png|jpe?g|gif|svg|webp|ico|avif|mp4|webm|wav|mp3|flac)$/i,
  // custom code, which auto_map may name; it is copied as text, never run
  /\.py$/,
  /(^|\/)requirements[^/]*\.txt$/,
  // how pictures, sounds and videos are prepared
  /^(\w+_)?(pre)?processor_config\.json$/,
  /^feature_extractor(_config)?\.json$/,
  // sentence-transformers: the chain of modules, and the configs of those without weights
  /^(modules|config_sentence_transformers|sentence_\w+_config)\.json$/,
  /^\d+_\w+\/(\w+_)?config\.json$/,
  // how the weights were quantised
  /^(quant\w*|hf_quant)_config\.json$/,
  /^recipe\.yaml$/,
  // the name of the task, as ModelScope has it
  /^configuration\.json$/,
];

const TOKENIZER =
  /^(tokenizer\.(model|json).*|tokenizer_config.*\.json|.*\.(tiktoken|spm|bpe|codes)|(vocab|merges|encoder|unigram|tekken|added_tokens|special_tokens|special_tokens_map|normalizer|dict)\b.*\.(json|txt|model)|.*(spiece|sentencepiece).*\.(model|vocab)|chat_template.*|additional_chat_templates)$/i;
/** Copies of the model in other formats, and the traces of its training. */
const STALE_FOLDERS = /^(onnx|openvino|coreml|gguf|original|runs|checkpoint-\d+)$/;
const STALE_FILES =
  /^(params\.json|trainer_(state|log)\.jsonl?|training_args\..*|(all|train|eval)_results\.json)$/;
const OTHER_COPY =
  /^consolidated|-\d+-of-\d+\.safetensors$|^(model|pytorch_model|tf_model)\.(.*\.)?safetensors$/;
const OTHER_WEIGHTS =
  /\.(bin|pt|pth|ckpt|h5|msgpack|onnx|onnx_data|gguf|ggml|tflite|mlmodel|ot|npz|pkl|pickle|joblib|engine|xml)$|\.(safetensors|bin)\.index\.json$/i;

/** Weights in a format that is not read here: they would still have the old vocabulary. */
export function isOtherWeights(name: string): boolean {
  return OTHER_WEIGHTS.test(name);
}

/**
 * Why a file or folder is not carried over; undefined for one of the kinds that stay true.
 * @param path inside the model folder, with `/`
 */
export function reasonToLeave(path: string, isFolder: boolean): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name.startsWith(".")) return "hidden";
  if (TOKENIZER.test(name)) return "belongs to the old tokenizer";
  if ((isFolder && STALE_FOLDERS.test(path)) || STALE_FILES.test(path))
    return "describes or holds the old model";
  if (isFolder) return undefined;
  if (isOtherWeights(name) || (!path.includes("/") && OTHER_COPY.test(name)))
    return "weights with the old vocabulary";
  if (name.endsWith(".safetensors") || KINDS.some((kind) => kind.test(path))) return undefined;
  return `not of a kind that is known to stay true with another vocabulary; \`carry: ${showText(path, 200)}\` carries it`;
}
