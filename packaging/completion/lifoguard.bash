# Completion of lifoguard for bash. Commands, options, runs and jobs are what the program itself says.

_lifoguard_words() {
    COMPREPLY=()
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <(compgen -W "$1" -- "$current")
}

_lifoguard_files() {
    compopt -o filenames 2>/dev/null
    COMPREPLY=()
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <(compgen -f -- "$current")
}

# The options that the help names: in its usage, which ends at the first empty line, and at the beginning of a line.
_lifoguard_options() {
    local help
    help=$(lifoguard "${words[@]:1:1}" "$@" --help 2>/dev/null |
        awk '/^$/ { over = 1 } !over || /^ +-/ { sub(/^ +/, " "); sub(/  .*/, ""); print }' |
        grep -oE -- '[ [|,(]--?[a-z][a-z-]*' | grep -oE -- '-.*')
    _lifoguard_words "$help --help"
}

# The graph that is named on the command line.
_lifoguard_graph() {
    local word
    for word in "${words[@]:2}"; do
        [[ $word != *.yaml && $word != *.yml ]] || printf '%s' "$word"
    done
}

_lifoguard_jobs() {
    [[ -z $1 ]] || lifoguard run --dry-run "$1" 2>/dev/null | awk '/^cleanups:/ { exit } /^  / { print $1 }' | sort -u
}

_lifoguard() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word
    local words=("${COMP_WORDS[@]:0:COMP_CWORD}")
    if ((COMP_CWORD == 1)); then
        _lifoguard_words "$(lifoguard --help | awk '/^  [a-z]/ { print $1 }') --help --version"
        return
    fi
    case ${words[1]}:$previous in
    run:--job)
        # The file follows the option, so it may stand behind the cursor.
        words=("${COMP_WORDS[@]}")
        _lifoguard_words "$(_lifoguard_jobs "$(_lifoguard_graph)")"
        return
        ;;
    run:--status) _lifoguard_words 'run first-failure' && return ;;
    vet:--explain | vet:--check | vet:--disable) _lifoguard_words "$(lifoguard vet --explain all 2>/dev/null)" && return ;;
    logs:* | show:* | recover:* | abandon:*)
        if [[ $current != -* && $previous != --state && $previous != --report && $previous != --junit ]]; then
            case ${words[1]}:$COMP_CWORD in
            logs:3) _lifoguard_words "$(lifoguard show "$previous" 2>/dev/null | sed -n 's/^  \([^ (:]*\): .*/\1/p')" ;;
            logs:* | show:*) _lifoguard_words "$(lifoguard history 2>/dev/null | cut -f1)" ;;
            *) _lifoguard_words "$(lifoguard pending 2>/dev/null | cut -f1 | sort -u)" ;;
            esac
            return
        fi
        ;;
    exec:* | with:* | lock:*)
        if [[ $current != -* && $previous == -- ]]; then
            COMPREPLY=()
            while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -c -- "$current")
            return
        fi
        ;;
    esac
    if [[ $current == -* && ${words[1]} == run ]]; then
        _lifoguard_options --yaml
    elif [[ $current == -* ]]; then
        _lifoguard_options
    else
        _lifoguard_files
    fi
}

complete -F _lifoguard lifoguard
