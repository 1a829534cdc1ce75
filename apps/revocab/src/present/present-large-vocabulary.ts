import { quote } from "@revocab/core";
import {
  type Block,
  figure,
  grouped,
  notes,
  paragraph,
  type ReportDocument,
  section,
  table,
} from "@revocab/report-document";
import type { LargeVocabularyReport } from "@revocab/transfer";
import { originsSection } from "./present-swap.ts";

/** The tokens and rows of a large vocabulary, and what its index finds. */
export function presentLargeVocabulary(report: LargeVocabularyReport, out: string): ReportDocument {
  const { source, rows, added, plan, learned } = report;
  const last = learned.slice(-SHOWN).map(({ token }) => quote(token));
  return {
    title: `${source.name} (${grouped(source.rows)} rows) → ${grouped(rows)} rows, ${grouped(added)} of them new`,
    blocks: [
      paragraph(`Learned last: ${last.join(" ")}`),
      originsSection(plan.tables),
      indexSection(report),
      notes(plan.notes),
      paragraph(`Written to ${out}`),
    ],
  };
}

const SHOWN = 8;

function indexSection({ index: { clusters, share, measured }, rows }: LargeVocabularyReport): Block {
  if (clusters === 0) {
    return section(
      "The index",
      paragraph(
        `Every search looks at all ${grouped(rows)} rows, and finds the most probable tokens for sure.`,
      ),
    );
  }
  if (measured === undefined) {
    return section(
      "The index",
      paragraph(
        `${grouped(clusters)} clusters; no position of the text was there to measure how many must be looked at, so every search looks at all.`,
      ),
    );
  }
  return section(
    "The index",
    table(
      measured.shares.map((each) => [
        figure(100 * each.share, 0, "%"),
        figure(100 * each.first, 1, "%"),
        figure(100 * each.mass, 1, "%"),
        each.share === share ? "used" : "",
      ]),
      ["rows looked at", "most probable token found", "of the shortlist's probability", ""],
    ),
    paragraph(
      `At ${grouped(measured.positions)} positions of the text, in ${grouped(clusters)} clusters, beside a search of all rows for ${grouped(measured.shortlist)} tokens.${share === 1 ? " None found 99 % of both, so that every search looks at all rows." : ""}`,
    ),
  );
}
