import { serveRequests } from "@revocab/guarded-process";
import { type ChatToRender, renderChat } from "./render-chat.ts";

// The program of the guarded process: a chat template may never end, or fill memory.

/** In characters: published templates write some hundreds for the sample, those with tools some thousands. */
const LONGEST_CHAT = 100_000;

serveRequests((chat: ChatToRender) => {
  const text = renderChat(chat);
  if (text.length <= LONGEST_CHAT) return text;
  throw new Error(
    `it writes ${text.length} characters of a short conversation, expected at most ${LONGEST_CHAT}`,
  );
});
