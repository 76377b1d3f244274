/** What a shell has to be told to complete our command lines: it asks the program itself for the words. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function isShell(name: string): name is Shell {
  return (SHELLS as readonly string[]).includes(name);
}

/** A script to be evaluated by the shell. */
export function shellScript(shell: Shell): string {
  switch (shell) {
    case 'bash':
      return BASH;
    case 'zsh':
      return ZSH;
    case 'fish':
      return FISH;
  }
}

// Without a word of ours bash offers files by itself.
const BASH = `# flow-dc in bash: put  eval "$(flow-dc completion bash)"  into ~/.bashrc
_flow_dc() {
  local word about
  COMPREPLY=()
  while IFS=$'\\t' read -r word about; do
    COMPREPLY+=("$(printf %q "$word")")
  done < <("\${COMP_WORDS[0]}" completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _flow_dc flow-dc
`;

const ZSH = `#compdef flow-dc
# flow-dc in zsh: put  eval "$(flow-dc completion zsh)"  into ~/.zshrc, after compinit
_flow_dc() {
  local -a found
  local word about
  while IFS=$'\\t' read -r word about; do
    found+=("\${word//:/\\\\:}\${about:+:$about}")
  done < <("\${words[1]}" completion words -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  if (( $#found )); then _describe -t words flow-dc found; else _files; fi
}
if [ "$funcstack[1]" = _flow_dc ]; then _flow_dc "$@"; else compdef _flow_dc flow-dc; fi
`;

const FISH = `# flow-dc in fish: flow-dc completion fish > ~/.config/fish/completions/flow-dc.fish
function __flow_dc_words
  set -l words (commandline -opc)
  $words[1] completion words -- $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c flow-dc -a '(__flow_dc_words)'
`;
