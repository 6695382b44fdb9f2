export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/**
 * What a shell reads to complete `berth`: it asks `berth complete -- words…` each time, so that new commands, options,
 * registries and tags need no new script.
 */
export function completionScript(shell: Shell): string {
  return scripts[shell]
}

/** Bash breaks words at colons and equals signs; an image holds both. The words are put together again, and what was broken off is cut from the answers. */
const bash = `# Completion of berth for bash. Put into ~/.bashrc: source <(berth completion bash)
_berth() {
  local line word prefix cur
  local -a words=()
  local joined=\${COMP_LINE:0:COMP_POINT}
  read -r -a words <<<"$joined"
  if [[ $joined == *' ' || \${#words[@]} -le 1 ]]; then words+=(''); fi
  cur=\${words[\${#words[@]}-1]}
  prefix=
  if [[ $cur == *[:=]* && $COMP_WORDBREAKS == *:* ]]; then prefix=\${cur%"\${cur##*[:=]}"}; fi
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == ':files' ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "\${cur#"$prefix"}")
      continue
    fi
    word=\${line%%$'\\t'*}
    COMPREPLY+=("\${word#"$prefix"}")
  done < <("\${words[0]}" complete -- "\${words[@]:1}" 2>/dev/null)
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *[/:=] ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -F _berth berth
`

const zsh = `#compdef berth
# Completion of berth for zsh. Put into ~/.zshrc, after compinit: source <(berth completion zsh)
_berth() {
  local line
  local -a plain described open
  while IFS= read -r line; do
    if [[ $line == ':files' ]]; then _files; continue; fi
    local word=\${line%%$'\\t'*}
    if [[ $word == *[/:=] ]]; then open+=("$word")
    elif [[ $line == *$'\\t'* ]]; then described+=("\${word//:/\\\\:}:\${line#*$'\\t'}")
    else plain+=("$word"); fi
  done < <("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#described} )) && _describe -t commands berth described
  (( \${#plain} )) && compadd -- "\${plain[@]}"
  (( \${#open} )) && compadd -S '' -- "\${open[@]}"
  return 0
}
compdef _berth berth
`

const fish = `# Completion of berth for fish. Write it to ~/.config/fish/completions/berth.fish
function __berth_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  for line in ($words[1] complete -- $words[2..-1] "$current" 2>/dev/null)
    if test "$line" = ':files'
      __fish_complete_path "$current"
    else
      echo $line
    end
  end
end
complete -c berth -f -a '(__berth_complete)'
`

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish }
