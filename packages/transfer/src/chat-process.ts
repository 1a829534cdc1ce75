import { serveRequests } from "@revocab/guarded-process";
import { type ChatToRender, renderChat } from "./render-chat.ts";

// The program of a child process: a chat template may never end, or fill memory.

serveRequests((chat: ChatToRender) => renderChat(chat));
