/** How many rows a program that serves or trains models makes of the rows of a vocabulary, on some numbers of devices. */
export interface ServingPrediction {
  /** Rows of the model's tables, or tokens where there is no model. */
  readonly rows: number;
  /** The largest power of two, up to 1,024, that divides them. */
  readonly powerOfTwo: number;
  readonly programs: readonly ServedRows[];
}

export interface ServedRows {
  readonly program: string;
  /** Its rule, in a sentence. */
  readonly rule: string;
  /** The file of its source that has the rule. */
  readonly source: string;
  /** For each of {@link DEVICES}: the rows of all devices together; null where each device takes the whole head. */
  readonly rows: readonly (number | null)[];
}

/** Numbers of devices that share a table (tensor parallelism). */
export const DEVICES = [1, 2, 4, 8] as const;

/**
 * Predicts how the rows of a vocabulary are padded and divided by programs that share a table among devices. All of them take
 * any number of rows; what differs is what it costs.
 *
 * Example: of GPT-2's 50,257 rows vLLM makes 50,304 on 1, 2, 4 and 8 devices, and Megatron-LM 51,200 on 8.
 */
export function predictServing(rows: number): ServingPrediction {
  return {
    rows,
    powerOfTwo: largestPowerOfTwo(rows),
    programs: RULES.map(({ rowsOn, ...rule }) => ({
      ...rule,
      rows: DEVICES.map((devices) => rowsOn(rows, devices)),
    })),
  };
}

interface Rule extends Omit<ServedRows, "rows"> {
  readonly rowsOn: (rows: number, devices: number) => number | null;
}

const RULES: readonly Rule[] = [
  {
    program: "vLLM",
    rule: "pads to a multiple of 64 when it loads the model (DEFAULT_VOCAB_PADDING_SIZE)",
    source:
      "https://github.com/vllm-project/vllm/blob/main/vllm/model_executor/layers/vocab_parallel_embedding.py",
    rowsOn: (rows) => padded(rows, 64),
  },
  {
    program: "SGLang",
    rule: "pads to a multiple of 64 when it loads the model (DEFAULT_VOCAB_PADDING_SIZE)",
    source:
      "https://github.com/sgl-project/sglang/blob/main/python/sglang/srt/layers/vocab_parallel_embedding.py",
    rowsOn: (rows) => padded(rows, 64),
  },
  {
    program: "TensorRT-LLM",
    rule: "pads to a multiple of the devices when it loads the model",
    source: "https://github.com/NVIDIA/TensorRT-LLM/blob/main/tensorrt_llm/_torch/modules/embedding.py",
    rowsOn: padded,
  },
  {
    program: "Text Generation Inference",
    rule: "divides a head whose rows the devices divide; any other is whole on each device",
    source:
      "https://github.com/huggingface/text-generation-inference/blob/main/server/text_generation_server/layers/tensor_parallel.py",
    rowsOn: (rows, devices) => (rows % devices === 0 ? rows : null),
  },
  {
    program: "Megatron-LM",
    rule: "pads to a multiple of 128 times the devices when it makes or converts a model (vocab_size_with_padding)",
    source: "https://github.com/NVIDIA/Megatron-LM",
    rowsOn: (rows, devices) => padded(rows, 128 * devices),
  },
];

function padded(rows: number, multiple: number): number {
  return Math.ceil(rows / multiple) * multiple;
}

function largestPowerOfTwo(rows: number): number {
  let power = 1;
  while (power < 1024 && rows % (2 * power) === 0) power *= 2;
  return power;
}
