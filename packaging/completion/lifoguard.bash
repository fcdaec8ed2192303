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
_lifoguard_help_options() {
    lifoguard "$@" --help 2>/dev/null |
        awk '/^$/ { over = 1 } !over || /^  (    )?-/ { sub(/^ +/, " "); sub(/  .*/, ""); print }' |
        grep -oE -- '[ [|,(]--?[a-z][a-z-]*' | grep -oE -- '-.*'
}

# Of `run`, those for lines and those for graphs: the file is named behind them.
_lifoguard_options() {
    local command=${words[1]}
    _lifoguard_words "$({ _lifoguard_help_options "$command" && [[ $command == run ]] && _lifoguard_help_options run --yaml; } | sort -u) --help"
}

# Prints where in the line the command begins that `exec` and the like are to run; nothing, if that is behind the cursor.
_lifoguard_command_place() {
    local i=2 place='' names=0
    [[ ${words[1]} != lock ]] || names=1
    while ((i < COMP_CWORD)); do
        case ${words[i]} in
        -- | --undo) place=$((++i)) ;;
        --timeout | --grace | --state | --secret | --name | --retry | --backoff | --store | --shell) ((i += 2)) ;;
        -*) ((i++)) ;;
        *)
            if ((names > 0)); then
                ((i++, names--))
                continue
            fi
            [[ $place ]] || place=$i
            [[ ${words[1]} == acquire ]] || break
            ((i++)) # the command stands behind the cleanup
            ;;
        esac
    done
    ((i > COMP_CWORD || names > 0)) || printf '%s' "${place:-$i}"
}

# The command is completed as if it stood alone.
_lifoguard_command() {
    local place
    place=$(_lifoguard_command_place)
    if [[ -z $place ]]; then
        _lifoguard_files
    elif ((place == COMP_CWORD)); then
        compopt -o filenames 2>/dev/null
        COMPREPLY=()
        while IFS= read -r word; do
            COMPREPLY+=("$word")
        done < <(compgen -c -- "$current" && compgen -d -- "$current")
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$place"
    else
        _lifoguard_files
    fi
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
    vet:--explain) _lifoguard_words "$(lifoguard vet --explain all 2>/dev/null)" && return ;;
    vet:--check | vet:--disable)
        # Several may stand with commas between them.
        local before=''
        [[ $current != *,* ]] || before=${current%,*},
        _lifoguard_words "$(lifoguard vet --explain all 2>/dev/null | sed "s/^/$before/")"
        return
        ;;
    vet:--format) _lifoguard_words 'text json sarif' && return ;;
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
    shell-init:*) _lifoguard_words 'bash zsh sh fish' && return ;;
    exec:* | defer:* | acquire:* | with:* | lock:*)
        if [[ $current != -* || " ${words[*]:2} " == *' -- '* ]]; then
            _lifoguard_command
            return
        fi
        ;;
    esac
    if [[ $current == -* ]]; then
        _lifoguard_options
    else
        _lifoguard_files
    fi
}

complete -F _lifoguard lifoguard
