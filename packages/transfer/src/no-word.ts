/** Stands in a command for what no command can say, which none may hold. */
export const NO_WORD = "";
