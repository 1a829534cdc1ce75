import { PbfWriter } from "pbf";

/** Types of pieces in a SentencePiece model. */
export const [NORMAL, UNKNOWN, CONTROL] = [1, 2, 3];
export const ALGORITHMS = { unigram: 1, bpe: 2 };

/** A SentencePiece model that adds no space and keeps all that a text has. */
export function sentencePieceModel(
  algorithm: number,
  pieces: readonly (readonly [text: string, score: number, type: number])[],
): Uint8Array {
  const writer = new PbfWriter();
  for (const [text, score, type] of pieces) {
    writer.writeMessage(
      1,
      (_, piece) => {
        piece.writeStringField(1, text);
        piece.writeFloatField(2, score);
        piece.writeVarintField(3, type);
      },
      null,
    );
  }
  writer.writeMessage(2, (_, trainer) => trainer.writeVarintField(3, algorithm), null);
  writer.writeMessage(
    3,
    (_, normalizer) => {
      normalizer.writeBooleanField(3, false);
      normalizer.writeBooleanField(4, false);
    },
    null,
  );
  return writer.finish();
}
