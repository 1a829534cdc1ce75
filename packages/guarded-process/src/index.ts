export {
  GuardedProcess,
  type GuardedProgram,
  ProcessDied,
  RequestNotSent,
  RequestRefused,
} from "./guarded-process.ts";
export type { Allowance, Reply } from "./messages.ts";
export { replyOf, serveRequests } from "./serve-requests.ts";
