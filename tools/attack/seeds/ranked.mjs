import { repositoryFile } from "../inputs.mjs";

/** A small vocabulary by rank, as tiktoken writes it and as tekken.json does, with the folders of the fixture. */
export function rankedFixture() {
  const { bytes, tokens, folders, tekkens } = JSON.parse(
    repositoryFile("packages/vocabulary/test/fixtures/formats/ranked.json"),
  );
  const all = [...bytes.map((byte) => Buffer.of(byte).toString("base64")), ...tokens];
  return {
    folders,
    ranks: all.map((token, rank) => `${token} ${rank}\n`).join(""),
    tekkens: tekkens.map(({ title, config, special_tokens }) => ({
      title,
      file: {
        config,
        vocab: all.map((token_bytes, rank) => ({ rank, token_bytes, token_str: null })),
        special_tokens,
      },
    })),
  };
}
