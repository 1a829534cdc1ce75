import { loadTokenizer } from "@revocab/vocabulary";
import { renderPage, rowsPanel, tokenizersPanel, vocabularyPanel } from "@revocab/report-page";
import { byte, handMadeVocabulary, special, text } from "@revocab/test-support/hand-made-vocabulary";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasBrowser, openPage, startBrowser } from "../open-page.ts";
