# Completion of lifoguard for fish. Commands, options, runs and jobs are what the program itself says.

function __lifoguard_command
    set -l words (commandline -opc)
    test (count $words) -ge 2; and echo $words[2]
end

function __lifoguard_options
    set -l command (__lifoguard_command)
    set -l more
    test "$command" = run; and set more --yaml
    lifoguard $command $more --help 2>/dev/null | string match -rg -- '^ +(?:-[a-z], +)?(--[a-z][a-z-]*)'
    echo --help
end

function __lifoguard_jobs
    set -l graph (commandline -op | string match -r '.*\.ya?ml$')
    test -n "$graph"; and lifoguard run --dry-run $graph[1] 2>/dev/null | awk '/^cleanups:/ { exit } /^  / { print $1 }' | sort -u
end

complete -c lifoguard -n 'test -z (__lifoguard_command)' -f \
    -a "(lifoguard --help | string match -rg '^  ([a-z-]+) +(.*)' | paste - - )"
complete -c lifoguard -n 'test -n (__lifoguard_command); and string match -q -- "-*" (commandline -ct)' -f -a '(__lifoguard_options)'
complete -c lifoguard -n 'contains -- (__lifoguard_command) logs show' -f -a '(lifoguard history 2>/dev/null | cut -f1)'
complete -c lifoguard -n 'contains -- (__lifoguard_command) recover abandon' -f -a '(lifoguard pending 2>/dev/null | cut -f1 | sort -u)'
complete -c lifoguard -n 'test (__lifoguard_command) = run' -l job -x -a '(__lifoguard_jobs)'
complete -c lifoguard -n 'test (__lifoguard_command) = run' -l status -x -a 'run first-failure'
