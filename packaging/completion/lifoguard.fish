# Completion of lifoguard for fish. Commands, options, runs and jobs are what the program itself says.

# The command behind `lifoguard`; false: there is none yet.
function __lifoguard_command
    set -l words (commandline -opc)
    test (count $words) -ge 2; and echo $words[2]
end

# Is the command one of these?
function __lifoguard_is
    set -l command (__lifoguard_command); and contains -- $command $argv
end

# Is it one of these, and the word at the cursor the first one behind it? Likewise for the second one.
function __lifoguard_first_word
    __lifoguard_is $argv; and test (count (commandline -opc)) -eq 2
end

function __lifoguard_second_word
    __lifoguard_is $argv; and test (count (commandline -opc)) -eq 3
end

function __lifoguard_at_option
    __lifoguard_command >/dev/null; and string match -q -- '-*' (commandline -ct)
    and not __lifoguard_in_command
end

# The options that the help names: in its usage, which ends at the first empty line, and at the beginning of a line.
function __lifoguard_help_options
    lifoguard $argv --help 2>/dev/null |
        awk '/^$/ { over = 1 } !over || /^  (    )?-/ { sub(/^ +/, " "); sub(/  .*/, ""); print }' |
        string match -arg -- '[ [|,(](--[a-z][a-z-]*)'
end

# Of `run`, those for lines and those for graphs: the file is named behind them.
function __lifoguard_options
    set -l command (__lifoguard_command)
    __lifoguard_help_options $command
    test "$command" = run; and __lifoguard_help_options run --yaml
    echo --help
end

function __lifoguard_jobs
    set -l graph (commandline -op | string match -r '.*\.ya?ml$')
    test -n "$graph"; and lifoguard run --dry-run $graph[1] 2>/dev/null | awk '/^cleanups:/ { exit } /^  / { print $1 }' | sort -u
end

function __lifoguard_jobs_of_run
    set -l words (commandline -opc)
    lifoguard show $words[3] 2>/dev/null | string match -rg '^  ([^ (:]+):'
end

# Several checks may stand with commas between them.
function __lifoguard_checks
    set -l before (string match -r '.*,' -- (commandline -ct))
    lifoguard vet --explain all 2>/dev/null | string replace -r '^' "$before"
end

# Prints where in the line the command begins that `exec` and the like are to run; 0, if that is behind the cursor.
function __lifoguard_command_place
    set -l words (commandline -opc)
    set -l cursor (math (count $words) + 1)
    set -l i 3
    set -l place 0
    set -l names 0
    test "$words[2]" = lock; and set names 1
    while test $i -lt $cursor
        switch $words[$i]
            case -- --undo
                set i (math $i + 1)
                set place $i
            case --timeout --grace --state --secret --name --retry --backoff --store --shell
                set i (math $i + 2)
            case '-*'
                set i (math $i + 1)
            case '*'
                if test $names -gt 0
                    set names 0
                    set i (math $i + 1)
                    continue
                end
                test $place -gt 0; or set place $i
                test "$words[2]" = acquire; or break
                set i (math $i + 1) # the command stands behind the cleanup
        end
    end
    test $place -gt 0; or set place $i
    if test $i -gt $cursor -o $names -gt 0
        set place 0
    end
    echo $place
end

function __lifoguard_in_command
    __lifoguard_is exec defer acquire with lock; or return 1
    set -l place (__lifoguard_command_place)
    set -l words (commandline -opc)
    test $place -gt 0; or return 1
    # At its first word, an option is still one of lifoguard's, unless -- stands before.
    test $place -le (count $words); or not string match -q -- '-*' (commandline -ct); or contains -- -- $words
end

# The command is completed as if it stood alone.
function __lifoguard_subcommand
    set -l words (commandline -opc) (commandline -ct)
    set -l place (__lifoguard_command_place)
    complete -C (string join ' ' -- (string escape -- $words[$place..-2]) $words[-1])
end

complete -c lifoguard -n 'not __lifoguard_command >/dev/null' -f \
    -a "(lifoguard --help | string match -rg '^  ([a-z-]+) +(.*)' | paste - - )"
complete -c lifoguard -n 'not __lifoguard_command >/dev/null' -l help -f -d 'prints a help'
complete -c lifoguard -n 'not __lifoguard_command >/dev/null' -l version -f -d 'prints the version'
complete -c lifoguard -n __lifoguard_at_option -f -a '(__lifoguard_options)'
complete -c lifoguard -n __lifoguard_in_command -f -a '(__lifoguard_subcommand)'
complete -c lifoguard -n '__lifoguard_first_word logs show' -f -a '(lifoguard history 2>/dev/null | cut -f1)'
complete -c lifoguard -n '__lifoguard_second_word logs' -f -a '(__lifoguard_jobs_of_run)'
complete -c lifoguard -n '__lifoguard_first_word recover abandon' -f -a '(lifoguard pending 2>/dev/null | cut -f1 | sort -u)'
complete -c lifoguard -n '__lifoguard_first_word shell-init' -f -a 'bash zsh sh fish'
complete -c lifoguard -n '__lifoguard_is run' -l job -x -a '(__lifoguard_jobs)'
for option in explain check disable
    complete -c lifoguard -n '__lifoguard_is vet' -l $option -x -a '(__lifoguard_checks)'
end
complete -c lifoguard -n '__lifoguard_is vet' -l format -x -a 'text json sarif'
complete -c lifoguard -n '__lifoguard_is run' -l status -x -a 'run first-failure'
