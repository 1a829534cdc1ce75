import { RevocabError } from "@revocab/core";
import { PbfReader } from "pbf";
import {
  ALGORITHMS,
  type ModelProto,
  type NormalizerSpec,
  PIECE_TYPES,
  type Piece,
  type TrainerSpec,
} from "./model-proto.ts";

/** Beyond any model in use: the largest have 1–2 million pieces and 40 MB. */
const MAX_FILE_BYTES = 512 * 1024 * 1024;
const MAX_PIECES = 4_000_000;
/** SentencePiece trains pieces of 16 characters; its user-defined symbols are short too. */
const MAX_PIECE_BYTES = 4096;

/**
 * Reads a SentencePiece `.model` file (protobuf `ModelProto`, proto2 defaults applied).
 *
 * @throws RevocabError `bad_tokenizer` for a file that is no protobuf, is truncated, exceeds a bound or has no pieces
 * @see https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
 */
export function readModelProto(bytes: Uint8Array): ModelProto {
  if (bytes.length > MAX_FILE_BYTES) {
    throw badModel(`it has ${bytes.length} bytes, expected at most ${MAX_FILE_BYTES}`);
  }
  const pieces: Piece[] = [];
  let trainer = TRAINER_DEFAULTS;
  let normalizer = NORMALIZER_DEFAULTS;
  let denormalizer = NORMALIZER_DEFAULTS;
  try {
    readProtoFields(bytes, {
      1: {
        message: (value) => {
          if (pieces.length === MAX_PIECES) throw new Error(`more than ${MAX_PIECES} pieces`);
          pieces.push(readPiece(value, pieces.length));
        },
      },
      2: {
        message: (value) => {
          trainer = readTrainer(value);
        },
      },
      3: {
        message: (value) => {
          normalizer = readNormalizer(value);
        },
      },
      5: {
        message: (value) => {
          denormalizer = readNormalizer(value);
        },
      },
    });
  } catch (cause) {
    throw badModel(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (pieces.length === 0) throw badModel("it holds no pieces");
  return { pieces, trainer, normalizer, denormalizer };
}

function readPiece(bytes: Uint8Array, id: number): Piece {
  let text = "";
  let score = 0;
  let type: Piece["type"] = "normal";
  readProtoFields(bytes, {
    1: {
      message: (value) => {
        if (value.length > MAX_PIECE_BYTES) {
          throw new Error(`piece ${id} has ${value.length} bytes, expected at most ${MAX_PIECE_BYTES}`);
        }
        text = decodeUtf8(value, `piece ${id}`);
      },
    },
    2: {
      float: (value) => {
        score = value;
      },
    },
    3: {
      varint: (value) => {
        const known = PIECE_TYPES[value];
        if (known === undefined) throw new Error(`piece ${id} has type ${value}, expected 1 to 6`);
        type = known;
      },
    },
  });
  if (!Number.isFinite(score))
    throw new Error(`piece ${id} has the score ${score}, expected a finite number`);
  return { text, score, type };
}

function readTrainer(bytes: Uint8Array): TrainerSpec {
  const spec = { ...TRAINER_DEFAULTS };
  readProtoFields(bytes, {
    3: {
      varint: (value) => {
        const known = ALGORITHMS[value];
        if (known === undefined) throw new Error(`trainer_spec.model_type is ${value}, expected 1 to 4`);
        spec.algorithm = known;
      },
    },
    24: {
      varint: (value) => {
        spec.whitespaceIsSuffix = value !== 0;
      },
    },
    35: {
      varint: (value) => {
        spec.byteFallback = value !== 0;
      },
    },
    45: {
      message: (value) => {
        spec.unkPiece = decodeUtf8(value, "unk_piece");
      },
    },
    46: {
      message: (value) => {
        spec.bosPiece = decodeUtf8(value, "bos_piece");
      },
    },
    47: {
      message: (value) => {
        spec.eosPiece = decodeUtf8(value, "eos_piece");
      },
    },
    48: {
      message: (value) => {
        spec.padPiece = decodeUtf8(value, "pad_piece");
      },
    },
  });
  return spec;
}

function readNormalizer(bytes: Uint8Array): NormalizerSpec {
  const spec = { ...NORMALIZER_DEFAULTS };
  readProtoFields(bytes, {
    2: {
      message: (value) => {
        spec.charsmap = value;
      },
    },
    3: {
      varint: (value) => {
        spec.addDummyPrefix = value !== 0;
      },
    },
    4: {
      varint: (value) => {
        spec.removeExtraWhitespaces = value !== 0;
      },
    },
    5: {
      varint: (value) => {
        spec.escapeWhitespaces = value !== 0;
      },
    },
  });
  return spec;
}

function decodeUtf8(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error(`${name} is not UTF-8`);
  }
}

function badModel(found: string, cause?: unknown): RevocabError {
  return new RevocabError("bad_tokenizer", `not a SentencePiece model that can be read: ${found}`, {
    hint: "is this the .model file that SentencePiece wrote, downloaded completely?",
    cause,
  });
}

const TRAINER_DEFAULTS: TrainerSpec = {
  algorithm: "unigram",
  whitespaceIsSuffix: false,
  byteFallback: false,
  unkPiece: "<unk>",
  bosPiece: "<s>",
  eosPiece: "</s>",
  padPiece: "<pad>",
};

const NORMALIZER_DEFAULTS: NormalizerSpec = {
  charsmap: new Uint8Array(0),
  addDummyPrefix: true,
  removeExtraWhitespaces: true,
  escapeWhitespaces: true,
};

/** What to do with a field, by the wire type that it must have. */
interface FieldReader {
  readonly varint?: (value: number) => void;
  readonly float?: (value: number) => void;
  /** A string, bytes or an embedded message, as a view into the message that contains it. */
  readonly message?: (value: Uint8Array) => void;
}

/**
 * Reads the fields of one protobuf message and skips unknown ones. The `pbf` reader clamps lengths that exceed its buffer, so
 * every length is compared with what is left before it is used.
 *
 * @throws Error for a length beyond the message, a broken tag, and a known field of another wire type
 */
function readProtoFields(bytes: Uint8Array, fields: Readonly<Record<number, FieldReader>>): void {
  const reader = new PbfReader(bytes);
  while (reader.pos < bytes.length) {
    const start = reader.pos;
    const tag = readVarint(reader);
    const number = Math.floor(tag / 8);
    if (number === 0) throw new Error(`field number 0 at byte ${start}`);
    readValue(reader, tag % 8, number, fields[number]);
  }
}

function readValue(reader: PbfReader, wireType: number, number: number, field: FieldReader = {}): void {
  if (wireType === 0) {
    const value = readVarint(reader);
    expectType(field, "varint", number);
    field.varint?.(value);
  } else if (wireType === 1) {
    take(reader, 8, number);
    expectType(field, "double", number);
  } else if (wireType === 2) {
    const value = take(reader, readVarint(reader), number);
    expectType(field, "message", number);
    field.message?.(value);
  } else if (wireType === 5) {
    const value = take(reader, 4, number);
    expectType(field, "float", number);
    field.float?.(new DataView(value.buffer, value.byteOffset, 4).getFloat32(0, true));
  } else {
    throw new Error(`field ${number} has wire type ${wireType}, expected 0, 1, 2 or 5`);
  }
}

function expectType(field: FieldReader, found: string, number: number): void {
  const expected = Object.keys(field);
  if (expected.length > 0 && !expected.includes(found)) {
    throw new Error(`field ${number} is a ${found}, expected a ${expected.join(" or ")}`);
  }
}

function readVarint(reader: PbfReader): number {
  const start = reader.pos;
  const value = reader.readVarint();
  if (reader.pos > reader.length) throw new Error(`it ends inside the number at byte ${start}`);
  return value;
}

function take(reader: PbfReader, length: number, number: number): Uint8Array {
  const left = reader.length - reader.pos;
  if (length > left) throw new Error(`field ${number} claims ${length} bytes, ${left} are left`);
  const value = reader.buf.subarray(reader.pos, reader.pos + length);
  reader.pos += length;
  return value;
}
