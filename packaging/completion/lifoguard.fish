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
end

# The options that the help names: in its usage, which ends at the first empty line, and at the beginning of a line.
function __lifoguard_options
    set -l command (__lifoguard_command)
    set -l more
    test "$command" = run; and set more --yaml
    lifoguard $command $more --help 2>/dev/null |
        awk '/^$/ { over = 1 } !over || /^ +-/ { sub(/^ +/, " "); sub(/  .*/, ""); print }' |
        string match -arg -- '[ [|,(](--[a-z][a-z-]*)'
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

complete -c lifoguard -n 'not __lifoguard_command >/dev/null' -f \
    -a "(lifoguard --help | string match -rg '^  ([a-z-]+) +(.*)' | paste - - )"
complete -c lifoguard -n __lifoguard_at_option -f -a '(__lifoguard_options)'
complete -c lifoguard -n '__lifoguard_first_word logs show' -f -a '(lifoguard history 2>/dev/null | cut -f1)'
complete -c lifoguard -n '__lifoguard_second_word logs' -f -a '(__lifoguard_jobs_of_run)'
complete -c lifoguard -n '__lifoguard_first_word recover abandon' -f -a '(lifoguard pending 2>/dev/null | cut -f1 | sort -u)'
complete -c lifoguard -n '__lifoguard_is run' -l job -x -a '(__lifoguard_jobs)'
for option in explain check disable
    complete -c lifoguard -n '__lifoguard_is vet' -l $option -x -a '(lifoguard vet --explain all 2>/dev/null)'
end
complete -c lifoguard -n '__lifoguard_is run' -l status -x -a 'run first-failure'
