import { Help } from "commander";

/** Fewer columns than these are no column of text. */
const LEAST_COLUMNS = 32;

/** How a help is laid out on a narrow terminal: what leaves no room beside it has its description below. */
export const HELP_LAYOUT: Partial<Help> = {
  minWidthToWrap: LEAST_COLUMNS,
  // nearly every command has options: in the list of all they would take the room of the descriptions
  subcommandTerm: (command) =>
    Help.prototype.subcommandTerm.call(new Help(), command).replace(" [options]", ""),
  formatItem(term, termWidth, description, helper) {
    const columns = helper.helpWidth ?? 80;
    if (description === "" || columns - termWidth - MARGINS >= LEAST_COLUMNS)
      return Help.prototype.formatItem.call(helper, term, termWidth, description, helper);
    const below = helper.boxWrap(description, columns - INDENT.length);
    return `  ${term}\n${INDENT}${below.replaceAll("\n", `\n${INDENT}`)}`;
  },
};

/** Before a term, and between it and its description. */
const MARGINS = 4;
const INDENT = " ".repeat(6);
