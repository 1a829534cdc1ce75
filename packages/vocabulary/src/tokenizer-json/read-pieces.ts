import type { TokenId } from "@revocab/core";
import { badTokenizer } from "./bad-tokenizer.ts";
import { MAX_TOKENS } from "./limits.ts";

interface Pieces {
  readonly pieces: (string | undefined)[];
  readonly idOfPiece: Map<string, TokenId>;
}

/** Reads `model.vocab` of BPE, WordPiece and WordLevel: an object from piece to id, in which ids may leave holes. */
export function readPieces(vocab: unknown, origin: string): Pieces {
  if (typeof vocab !== "object" || vocab === null || Array.isArray(vocab)) {
    throw badTokenizer(origin, `model.vocab: found ${describe(vocab)}, expected an object from piece to id`);
  }
  const names = Object.keys(vocab);
  requireCount(names.length, origin);
  const idOfPiece = new Map<string, TokenId>();
  let size = 0;
  for (const name of names) {
    const id: unknown = (vocab as Record<string, unknown>)[name];
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= MAX_TOKENS) {
      throw badTokenizer(
        origin,
        `model.vocab[${JSON.stringify(name)}]: found ${JSON.stringify(id)}, expected an id from 0 to ${MAX_TOKENS - 1}`,
      );
    }
    idOfPiece.set(name, id);
    if (id >= size) size = id + 1;
  }
  const pieces = new Array<string | undefined>(size).fill(undefined);
  for (const [name, id] of idOfPiece) {
    if (pieces[id] !== undefined) {
      throw badTokenizer(
        origin,
        `model.vocab gives id ${id} to both ${JSON.stringify(pieces[id])} and ${JSON.stringify(name)}, expected one piece per id`,
      );
    }
    pieces[id] = name;
  }
  return { pieces, idOfPiece };
}

/** Reads `model.vocab` of Unigram: a list of `[piece, score]`, whose place is the id. */
export function readScoredPieces(vocab: unknown, origin: string): Pieces & { readonly scores: Float64Array } {
  if (!Array.isArray(vocab)) {
    throw badTokenizer(origin, `model.vocab: found ${describe(vocab)}, expected a list of [piece, score]`);
  }
  requireCount(vocab.length, origin);
  const pieces: string[] = [];
  const idOfPiece = new Map<string, TokenId>();
  const scores = new Float64Array(vocab.length);
  for (let id = 0; id < vocab.length; id++) {
    const entry: unknown = vocab[id];
    const [piece, score] = Array.isArray(entry) ? entry : [];
    if (typeof piece !== "string" || typeof score !== "number" || !Number.isFinite(score)) {
      throw badTokenizer(
        origin,
        `model.vocab[${id}]: found ${JSON.stringify(entry)?.slice(0, 80)}, expected [piece, score]`,
      );
    }
    const earlier = idOfPiece.get(piece);
    if (earlier !== undefined) {
      throw badTokenizer(
        origin,
        `model.vocab has ${JSON.stringify(piece)} at both ${earlier} and ${id}, expected each piece once`,
      );
    }
    pieces.push(piece);
    idOfPiece.set(piece, id);
    scores[id] = score;
  }
  return { pieces, idOfPiece, scores };
}

function requireCount(count: number, origin: string): void {
  if (count === 0) throw badTokenizer(origin, "model.vocab is empty, expected at least one piece");
  if (count > MAX_TOKENS) {
    throw badTokenizer(origin, `model.vocab: found ${count} pieces, expected at most ${MAX_TOKENS}`);
  }
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a value of type ${typeof value}`;
}
