/** So that a passage fits into the context of every model. */
const PASSAGE_CHARACTERS = 1000;

/** A document in pieces of about 250 tokens, cut at spaces; a piece without text is left out. */
export function passages(document: string): string[] {
  const cut: string[] = [];
  let rest = document;
  while (rest.length > PASSAGE_CHARACTERS) {
    const space = rest.lastIndexOf(" ", PASSAGE_CHARACTERS);
    const end = space > 0 ? space : PASSAGE_CHARACTERS;
    cut.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  cut.push(rest);
  return cut.filter((passage) => passage.trim() !== "");
}
