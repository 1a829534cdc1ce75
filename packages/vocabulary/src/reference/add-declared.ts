import { type AddedVocabulary, isSame, tokenFlags } from "./added-vocabulary.ts";
import type { Rebuild, TokenFlags } from "./class-table.ts";
import { contentOf, type DeclaredTokens } from "./declared-tokens.ts";

/** What tokens are added, in the order of TokenizersBackend: numbered ones by number, named ones, the others. */
export function addDeclared(
  added: AddedVocabulary,
  declared: DeclaredTokens,
  rebuild: Rebuild | undefined,
): void {
  const batch: (string | TokenFlags)[] = declared.numbered.filter((token) => !added.holds(token));
  const known = new Set([...added.tokens(), ...declared.numbered].map(({ content }) => content));
  const isListed = (token: string | TokenFlags) =>
    batch.some((other) =>
      typeof token === "string" || typeof other === "string" ? other === token : isSame(other, token),
    );
  const wanted = [...declared.named.values(), ...declared.extra];
  for (const token of wanted) {
    if (!known.has(contentOf(token)) && !isListed(token)) batch.push(token);
  }
  const names = new Set([...declared.named.values()].map(contentOf));
  added.add(
    batch.map((token) => {
      if (typeof token === "string") return tokenFlags(token, { special: true });
      return names.has(token.content) ? { ...token, special: true } : token;
    }),
  );
  if (rebuild?.resets === true)
    added.add(wanted.map((token) => tokenFlags(contentOf(token), { special: true })));
}
