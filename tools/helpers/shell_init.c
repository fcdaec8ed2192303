#define _GNU_SOURCE
#include "helpers.h"
#include "options.h"

#include <string.h>

static const char help[] =
    "usage: eval \"$(lifoguard shell-init bash|zsh|sh)\"\n"
    "       lifoguard shell-init fish | source\n"
    "\n"
    "Prints functions for a shell, so that scripts have the short words:\n"
    "\n"
    "  defer CLEANUP…   acquire …   undo NAME   dismiss NAME     as `lifoguard defer` and so on\n"
    "  scope COMMAND…   runs a command or function in a subshell, and then what was deferred in it;\n"
    "                   LIFOGUARD_STATUS, --on-failure and --on-success mean the result of COMMAND\n"
    "\n"
    "bash and zsh: a cleanup may be a function of the script, and so may what `acquire` runs. The function\n"
    "is kept as it is at the registration, with all other functions. The function sees exported variables\n"
    "only, and the variables that it sets are gone when it ends.\n";

/* $3 of a scope may be a function, which only a subshell of this shell knows. Behind an `if`, set -e would have no effect in
 * the subshell: so it is turned off here and on in the subshell. */
#define SCOPE                                                                                      \
    "scope() {\n"                                                                                  \
    "    set -- \"$-\" \"$(command lifoguard mark --scope)\" \"$@\" || return\n"                   \
    "    [ -n \"$2\" ] || return 1\n"                                                              \
    "    set +e\n"                                                                                 \
    "    (export LIFOGUARD_SCOPE=\"${LIFOGUARD_SCOPE-}/$2\"\n"                                     \
    "        case $1 in *e*) set -e ;; esac; shift; shift; \"$@\")\n"                              \
    "    set -- \"$1\" \"$2\" \"$?\"\n"                                                            \
    "    case $1 in *e*) set -e ;; esac\n"                                                         \
    "    command lifoguard undo --since \"$2\" --status \"$3\" || [ \"$3\" != 0 ] || return 1\n"   \
    "    return \"$3\"\n"                                                                          \
    "}\n"

#define WORDS                                                                                      \
    "undo() { command lifoguard undo \"$@\"; }\n"                                                  \
    "dismiss() { command lifoguard dismiss \"$@\"; }\n"

static const char sh[] = "defer() { command lifoguard defer \"$@\"; }\n"
                         "acquire() { command lifoguard acquire \"$@\"; }\n" WORDS SCOPE;

/* bash and zsh. lifoguard_function NAME adds to `words` what runs the functions of the script, if NAME is one of them. */
#define WORDS_WITH_FUNCTIONS                                                                       \
    "defer() {\n"                                                                                  \
    "    local -a words; words=()\n"                                                               \
    "    while [[ ${1-} == --* ]]; do\n"                                                           \
    "        case $1 in\n"                                                                         \
    "        --) shift; break ;;\n"                                                                \
    "        --*=* | --on-failure | --on-success | --allow-failure | --late | --help)\n"           \
    "            words+=(\"$1\"); shift ;;\n"                                                      \
    "        *) words+=(\"$1\" \"${2-}\"); shift; shift ;;\n"                                      \
    "        esac\n"                                                                               \
    "    done\n"                                                                                   \
    "    words+=(--); lifoguard_function \"${1-}\"\n"                                              \
    "    command lifoguard defer \"${words[@]}\" \"$@\"\n"                                         \
    "}\n"                                                                                          \
    "acquire() {\n"                                                                                \
    "    local -a words; words=()\n"                                                               \
    "    while [[ $# -gt 0 && $1 != --undo && $1 != -- ]]; do words+=(\"$1\"); shift; done\n"      \
    "    if [[ ${1-} == --undo ]]; then\n"                                                         \
    "        words+=(--undo); shift; lifoguard_function \"${1-}\"\n"                               \
    "        while [[ $# -gt 0 && $1 != -- ]]; do words+=(\"$1\"); shift; done\n"                  \
    "    fi\n"                                                                                     \
    "    if [[ ${1-} == -- ]]; then words+=(--); shift; lifoguard_function \"${1-}\"; fi\n"        \
    "    command lifoguard acquire \"${words[@]}\" \"$@\"\n"                                       \
    "}\n" WORDS SCOPE

static const char bash[] = "lifoguard_function() {\n"
                           "    if [[ -n $1 ]] && declare -F -- \"$1\" >/dev/null; then\n"
                           "        words+=(bash -c \"$(declare -f)\"$'\\n''\"$@\"' bash)\n"
                           "    fi\n"
                           "}\n" WORDS_WITH_FUNCTIONS;

static const char zsh[] = "lifoguard_function() {\n"
                          "    if [[ -n $1 ]] && (( $+functions[$1] )); then\n"
                          "        words+=(zsh -c \"$(functions)\"$'\\n''\"$@\"' zsh)\n"
                          "    fi\n"
                          "}\n" WORDS_WITH_FUNCTIONS;

static const char fish[] =
    "function defer; command lifoguard defer $argv; end\n"
    "function acquire; command lifoguard acquire $argv; end\n"
    "function undo; command lifoguard undo $argv; end\n"
    "function dismiss; command lifoguard dismiss $argv; end\n"
    "function scope\n"
    "    set -l mark (command lifoguard mark --scope); or return\n"
    "    set -lx LIFOGUARD_SCOPE \"$LIFOGUARD_SCOPE/$mark\"\n"
    "    $argv\n"
    "    set -l result $status\n"
    "    command lifoguard undo --since $mark --status $result; or test $result != 0; or return 1\n"
    "    return $result\n"
    "end\n";

static const struct {
    const char *name, *text;
} shells[] = {{"bash", bash}, {"zsh", zsh}, {"sh", sh},    {"dash", sh},
              {"ksh", sh},    {"ash", sh},  {"fish", fish}};

int shell_init_command(char **arguments)
{
    bool show_help = false;
    const struct option table[] = {{"help", OPTION_FLAG, &show_help}, {0}};
    lg_error *err = options_take(table, &arguments);
    if (!err && show_help)
        return print_text(help);
    if (!err && !*arguments)
        err = lg_error_new("for which shell? bash, zsh, sh or fish");
    if (err || !*arguments)
        return wrong_usage("shell-init", err);
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
        if (strcmp(shells[i].name, *arguments) == 0)
            return print_text(shells[i].text);
    return wrong_usage("shell-init", lg_error_newf("not for this shell: %s", *arguments));
}
