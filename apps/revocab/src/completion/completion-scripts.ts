import type { CompletedCommand, CompletedOption, CompletedValue } from "./command-table.ts";

/** The script of each shell that completes the command line. */
export const COMPLETION_SCRIPTS: Readonly<
  Record<"bash" | "zsh" | "fish", (commands: readonly CompletedCommand[]) => string>
> = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** Where the function has no words, readline completes paths (`-o default`). Runs in bash 3.2, which macOS has. */
function bashScript(commands: readonly CompletedCommand[]): string {
  const paths = commands.filter(({ path }) => path.length > 0);
  return `# revocab completion bash: source <(revocab completion bash)
_revocab() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}" command="" i
  # --option=value comes as three words
  if [[ $current == "=" ]]; then current=""; elif [[ $previous == "=" ]]; then previous="\${COMP_WORDS[COMP_CWORD - 2]}"; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command \${COMP_WORDS[i]}" in
${paths.map(bashCommand).join("\n")}
    esac
  done
  COMPREPLY=()
  case "$command $previous" in
${commands.flatMap(bashValues).join("\n")}
  esac
  case "$command" in
${commands.map(bashWords).join("\n")}
  esac
}
complete -o default -F _revocab revocab
`;
}

/** The word that a command begins with, behind the command that it belongs to. */
function bashCommand({ path, names }: CompletedCommand): string {
  const outer = path.slice(0, -1).join(" ");
  const patterns = names.map((name) => `"${outer} ${name}"`).join(" | ");
  return `      ${patterns}) command="${path.join(" ")}" ;;`;
}

/** What follows an option with a value. Words are none where readline shall complete a path. */
function bashValues({ path, options }: CompletedCommand): readonly string[] {
  const command = path.join(" ");
  const withValue = options.filter(({ value }) => value !== undefined);
  return withValue.map(({ names, value }) => {
    const patterns = names.map((name) => `"${command} ${name}"`).join(" | ");
    return `    ${patterns}) ${bashReply(wordsOf(value as CompletedValue))}return ;;`;
  });
}

function bashWords({ path, subcommands, options, argument }: CompletedCommand): string {
  const names = options.flatMap((option) => option.names);
  const words = [...subcommands.map(({ name }) => name), ...wordsOf(argument)];
  return `    "${path.join(" ")}") if [[ $current == -* ]]; then ${bashReply(names)}else ${bashReply(words) || ":; "}fi ;;`;
}

function bashReply(words: readonly string[]): string {
  return words.length === 0 ? "" : `COMPREPLY=($(compgen -W "${words.join(" ")}" -- "$current")); `;
}

function wordsOf(value: CompletedValue): readonly string[] {
  return typeof value === "string" ? [] : value;
}

function zshScript(commands: readonly CompletedCommand[]): string {
  return `#compdef revocab
# revocab completion zsh: source <(revocab completion zsh), or a file _revocab in a folder of $fpath
${commands.map(zshFunction).join("\n")}
if [ "$funcstack[1]" = "_revocab" ]; then _revocab "$@"; else compdef _revocab revocab; fi
`;
}

function zshFunction({ path, subcommands, options, argument }: CompletedCommand): string {
  const own = options.map(zshOption);
  const name = ["_revocab", ...path].join("_").replaceAll("-", "_");
  if (subcommands.length === 0) {
    const rest = `'*:${path[path.length - 1] ?? ""}:${zshAction(argument)}'`;
    return `${name}() {\n  _arguments \\\n${[...own, rest].map((each) => `    ${each}`).join(" \\\n")}\n}\n`;
  }
  const described = subcommands.map((each) => `    ${quoted(`${each.name}:${zshText(each.description)}`)}`);
  const cases = subcommands.map(
    (each) => `      ${each.names.join("|")}) ${name}_${each.name.replaceAll("-", "_")} ;;`,
  );
  return `${name}() {
  local curcontext="$curcontext" state line
  local -a commands
  commands=(
${described.join("\n")}
  )
  _arguments -C \\
${own.map((each) => `    ${each}`).join(" \\\n")} \\
    '1: :->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument) case $line[1] in
${cases.join("\n")}
    esac ;;
  esac
}
`;
}

function zshOption({ names, description, value }: CompletedOption): string {
  const action = value === undefined ? "" : `:value:${zshAction(value)}`;
  return names.map((name) => quoted(`*${name}[${zshText(description)}]${action}`)).join(" ");
}

function zshAction(value: CompletedValue): string {
  if (value === "path") return "_files";
  return value === "any" || value.length === 0 ? " " : `(${value.join(" ")})`;
}

function zshText(text: string): string {
  return text.replace(/[[\]:\\]/g, (sign) => `\\${sign}`);
}

function fishScript(commands: readonly CompletedCommand[]): string {
  return `# revocab completion fish | source
complete -c revocab -f
${commands.flatMap(fishLines).join("\n")}
`;
}

function fishLines({ path, names, subcommands, options, argument }: CompletedCommand): readonly string[] {
  const words = [...path.slice(0, -1), ...(path.length === 0 ? [] : [names.join(" ")])];
  const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
  const inner = subcommands.map(({ name }) => name).join(" ");
  const next = [...seen, ...(inner === "" ? [] : [`not __fish_seen_subcommand_from ${inner}`])];
  const line = (condition: readonly string[], rest: string) =>
    `complete -c revocab${condition.length === 0 ? "" : ` -n ${quoted(condition.join("; and "))}`} ${rest}`;
  return [
    ...subcommands.map(({ name, description }) => line(next, `-a ${name} -d ${quoted(description)}`)),
    ...(argument === "path" ? [line(seen, "-F")] : []),
    ...(wordsOf(argument).length > 0 ? [line(seen, `-a ${quoted(wordsOf(argument).join(" "))}`)] : []),
    ...options.map((option) => line(next, fishOption(option))),
  ];
}

function fishOption({ names, description, value }: CompletedOption): string {
  const flags = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const kind = value === undefined ? [] : value === "path" ? ["-r", "-F"] : ["-x"];
  const words = wordsOf(value ?? "any");
  const choices = words.length === 0 ? [] : [`-a ${quoted(words.join(" "))}`];
  return [...flags, ...kind, ...choices, `-d ${quoted(description)}`].join(" ");
}

/** In single quotes. Those of descriptions become typographic ones, for fish escapes them in another way than POSIX shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "’")}'`;
}
