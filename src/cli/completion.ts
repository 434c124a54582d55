import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { drills } from "../../drills/index.ts";
import { exitCodes } from "./world.ts";
import type { World } from "./world.ts";

/** The shells that `plumb completion` writes for. */
export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** Reads the name of a shell. */
export function shell(text: string): Shell {
  const found = shells.find((name) => name === text);
  if (found) return found;
  throw new InvalidArgumentError(`Choose one of ${shells.join(", ")}.`);
}

/** `plumb completion`: a script that completes commands, their options, and the names of drills. */
export async function completionCommand(world: World, program: Command, shell: Shell): Promise<number> {
  world.out.line(scripts[shell](wordsOf(program)));
  return exitCodes.done;
}

interface Words {
  readonly name: string;
  readonly description: string;
  readonly words: readonly string[];
}

function wordsOf(program: Command): readonly Words[] {
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    words: [
      ...(command.name() === "drill" ? drills.map(({ name }) => name) : []),
      ...(command.name() === "completion" ? shells : []),
      ...command.options.flatMap(({ long }) => (long ? [long] : [])),
      "--help",
    ],
  }));
}

const scripts: { readonly [shell in Shell]: (commands: readonly Words[]) => string } = {
  bash: (commands) =>
    [
      "_plumb() {",
      '  local words=""',
      '  if [ "$COMP_CWORD" -eq 1 ]; then',
      `    words="${commands.map(({ name }) => name).join(" ")} --help --version"`,
      '  else case "${COMP_WORDS[1]}" in',
      ...commands.map(({ name, words }) => `    ${name}) words="${words.join(" ")}" ;;`),
      "  esac; fi",
      '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
      '  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))',
      "}",
      "complete -F _plumb plumb",
    ].join("\n"),
  zsh: (commands) =>
    [
      "#compdef plumb",
      "_plumb() {",
      "  if (( CURRENT == 2 )); then",
      "    local -a commands",
      `    commands=(${commands.map(({ name, description }) => quoted(`${name}:${description}`)).join(" ")})`,
      "    _describe command commands",
      "  else case $words[2] in",
      ...commands.map(({ name, words }) => `    ${name}) compadd -- ${words.join(" ")}; _files ;;`),
      "  esac; fi",
      "}",
      "compdef _plumb plumb",
    ].join("\n"),
  fish: (commands) =>
    commands
      .flatMap(({ name, description, words }) => [
        `complete -c plumb -n __fish_use_subcommand -f -a ${name} -d ${quoted(description)}`,
        `complete -c plumb -n "__fish_seen_subcommand_from ${name}" -a "${words.join(" ")}"`,
      ])
      .join("\n"),
};

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
