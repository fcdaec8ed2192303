#define _GNU_SOURCE
#include "client.h"
#include "command.h"
#include "direct.h"
#include "launch.h"
#include "message.h"
#include "options.h"
#include "reading.h"
#include "status.h"
#include "wire.h"
#include "words.h"

#include <lifoguard/defer.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What both have. */
#define REGISTER_OPTIONS_HELP                                                                                   \
    "  --name NAME          a name for undo, dismiss, pending and messages\n"                                   \
    "  --on-failure         the cleanup runs only if the command of `exec` does not succeed\n"                  \
    "  --on-success         the cleanup runs only if the command of `exec` succeeds\n"                          \
    "  --timeout DURATION   how long the cleanup may take (10m; 0s: any time)\n"                                \
    "  --grace DURATION     how long it has from SIGTERM to SIGKILL then (10s)\n"                               \
    "  --retry N            how often to try again if it fails (0)\n"                                           \
    "  --backoff DURATION   how long to wait before that; doubled each time (1s)\n"                             \
    "  --allow-failure      a failure of the cleanup is reported, and has no other effect\n"                    \
    "  --shell TEXT         instead of CLEANUP: TEXT, run by sh. A TEXT that sh cannot read is refused. Only\n" \
    "                       exported variables are set there, any other \"$NAME\" is empty: begin TEXT with\n"  \
    "                       `set -u;` to make that an error\n"                                                  \
    "  --late               the cleanup gets the variables of `lifoguard set` as they are when it runs,\n"      \
    "                       and otherwise the environment that `exec` began with\n"                             \
    "  --store NAME[,NAME]  these secrets of the environment may be stored\n"                                   \
    "\n"                                                                                                        \
    "Environment of the cleanup: LIFOGUARD_STATUS (success, failure, cancelled, timeout, unknown),\n"           \
    "LIFOGUARD_EXIT_CODE, LIFOGUARD_SIGNAL, LIFOGUARD_CAUSE, LIFOGUARD_KEY (the same for each\n"                \
    "attempt), LIFOGUARD_ATTEMPT (from 1), LIFOGUARD_FENCE (higher after each takeover).\n"                     \
    "\n"                                                                                                        \
    "Variables whose names hold TOKEN, SECRET, PASSWORD or the like, those that LIFOGUARD_SECRET or\n"          \
    "exec --secret names, and addresses with a password in them are kept in memory only: they\n"                \
    "are missing after kill -9 of both lifoguard processes, unless --store names them.\n"

static const char defer_help[] =
    "usage: lifoguard defer [OPTIONS] [--] CLEANUP [ARG…]\n"
    "       lifoguard defer [OPTIONS] --shell 'TEXT'\n"
    "\n"
    "Inside `lifoguard exec`: registers a cleanup, which runs when the command of `exec` has ended. The\n"
    "words, the working directory, the umask and the environment are kept as they are now; no shell parses\n"
    "the words again.\n"
    "When defer returns, the cleanup is on disk: it runs whatever happens from here on.\n"
    "\n" REGISTER_OPTIONS_HELP "\n"
    "Exit status: 0 the cleanup is on disk; 1 it is not, and a message says why (the cleanup still runs,\n"
    "unless lifoguard itself is killed); 125 wrong usage.\n";

static const char acquire_help[] =
    "usage: lifoguard acquire [OPTIONS] --undo CLEANUP [ARG…] -- COMMAND [ARG…]\n"
    "       lifoguard acquire [OPTIONS] --shell 'TEXT' -- COMMAND [ARG…]\n"
    "\n"
    "Inside `lifoguard exec`: acquires a resource so that no kill loses it. Puts the cleanup on disk as an\n"
    "intention, runs COMMAND, and confirms the cleanup if COMMAND succeeds. If COMMAND fails, it must have\n"
    "left nothing behind: the cleanup is withdrawn. If COMMAND was killed, or lifoguard was, the cleanup\n"
    "runs, with LIFOGUARD_STATUS=unknown. So CLEANUP should not fail if there is nothing to undo (rm -f):\n"
    "a cleanup that fails is kept, see `lifoguard pending`.\n"
    "\n"
    "  --partial            COMMAND may leave something behind when it fails: the cleanup runs then too\n" REGISTER_OPTIONS_HELP
    "\n"
    "Exit status: COMMAND's own; 125 the intention could not be put on disk, and COMMAND was not run.\n";

struct registration {
    struct spec spec;
    bool on_failure, on_success, allow_failure, late, partial, help, undo;
    const char *shell, *store;
    char *store_text;
    const char **kept;
};

/* At "A,B", as a list. */
static void split_kept(struct registration *r)
{
    if (!r->store)
        return;
    size_t most = strlen(r->store) + 2;
    r->store_text = need_copy(r->store, strlen(r->store));
    r->kept = need_memory(NULL, most * sizeof(*r->kept));
    size_t count = 0;
    char *rest = NULL;
    for (char *name = strtok_r(r->store_text, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
        r->kept[count++] = name;
    r->kept[count] = NULL;
}

static void registration_free(struct registration *r)
{
    request_empty(&r->spec);
    free(r->store_text);
    free(r->kept);
}

static lg_error *take_options(struct registration *r, char ***arguments)
{
    *r = (struct registration){
        .spec = {.timeout = CLEANUP_TIMEOUT, .grace = CLEANUP_GRACE, .backoff = CLEANUP_BACKOFF}};
    const struct option table[] = {{"name", OPTION_TEXT, &r->spec.name},
                                   {"on-failure", OPTION_FLAG, &r->on_failure},
                                   {"on-success", OPTION_FLAG, &r->on_success},
                                   {"timeout", OPTION_DURATION, &r->spec.timeout},
                                   {"grace", OPTION_DURATION, &r->spec.grace},
                                   {"retry", OPTION_NUMBER, &r->spec.retries},
                                   {"backoff", OPTION_DURATION, &r->spec.backoff},
                                   {"allow-failure", OPTION_FLAG, &r->allow_failure},
                                   {"shell", OPTION_TEXT, &r->shell},
                                   {"late", OPTION_FLAG, &r->late},
                                   {"store", OPTION_TEXT, &r->store},
                                   {"partial", OPTION_FLAG, &r->partial},
                                   {"help", OPTION_FLAG, &r->help},
                                   {0}};
    lg_error *err = options_take(table, arguments);
    if (!err && r->on_failure && r->on_success)
        err = lg_error_new("--on-failure and --on-success exclude each other");
    return err;
}

static bool is_program(const char *word)
{
    const char *path = getenv("PATH");
    for (const char *at = path ? path : "", *end; *at; at = *end ? end + 1 : end) {
        end = strchrnul(at, ':');
        char *place = NULL;
        struct stat info;
        if (asprintf(&place, "%.*s/%s", (int)(end - at), at, word) < 0)
            return true; /* that is found out when it is to run */
        bool found = access(place, X_OK) == 0 && stat(place, &info) == 0 && S_ISREG(info.st_mode);
        free(place);
        if (found)
            return true;
    }
    return false;
}

/* Of the shell that calls us a program cannot know, and at the end that shell is gone. */
static lg_error *refuse_shell_word(const char *word)
{
    if (strchr(word, '/') || shell_word_kind(word, strlen(word)) != SHELL_WORD_ONLY ||
        is_program(word))
        return NULL;
    return lg_error_newf(
        "%s is a word of the shell, and no program; write: lifoguard defer --shell "
        "'%s …'",
        word, word);
}

/* A cleanup that cannot be read is told while the script can still be mended. A shell that cannot be started, for want of memory say, is
 * no reason to refuse. */
static lg_error *refuse_unreadable(const char *text)
{
    lg_error *err = direct_is_readable(text) ? NULL : reading_check("/bin/sh", text);
    if (lg_error_errno(err) == 0)
        return lg_error_wrap(err, "--shell");
    lg_error_free(err);
    return NULL;
}

static lg_error *fill(struct registration *r, char *const *cleanup)
{
    union {
        char *const *words;
        const char *const *text;
    } given = {.words = cleanup};
    const char *shell[] = {"/bin/sh", "-c", r->shell, NULL};
    if (r->shell && *cleanup)
        return lg_error_newf("--shell takes the place of CLEANUP; not expected: %s", *cleanup);
    if (!r->shell && !*cleanup)
        return lg_error_new("which CLEANUP is to be run?");
    if (!r->shell && !**cleanup)
        return lg_error_new("CLEANUP begins with an empty word: is a variable without a value?");
    lg_error *err = r->shell ? refuse_unreadable(r->shell) : refuse_shell_word(*cleanup);
    if (err)
        return err;
    if (!r->shell && !strchr(*cleanup, '/') && !is_program(*cleanup) &&
        shell_word_kind(*cleanup, strlen(*cleanup)) == SHELL_WORD_NONE)
        print_message(
            "there is no program %s, so far; it is registered all the same (in bash and zsh, `lifoguard "
            "shell-init` lets a cleanup be a function)",
            *cleanup);
    r->spec.flags = (r->on_failure ? SPEC_ON_FAILURE : 0) | (r->on_success ? SPEC_ON_SUCCESS : 0) |
                    (r->allow_failure ? SPEC_ALLOW_FAILURE : 0) | (r->late ? SPEC_LATE : 0);
    split_kept(r);
    return request_fill(&r->spec, r->shell ? shell : given.text, r->kept);
}

static int send_registration(const char *command, const char *request, const struct registration *r,
                             int64_t *sequence)
{
    struct buffer fields = {0};
    lg_defer(buffer_free, &fields);
    wire_put_text(&fields, request);
    spec_put(&fields, &r->spec);
    return client_request(command, &fields, sequence);
}

int defer_command(char **arguments)
{
    struct registration r;
    lg_error *err = take_options(&r, &arguments);
    lg_defer(registration_free, &r);
    if (!err && r.help)
        return print_text(defer_help);
    if (!err && r.partial)
        err = lg_error_new("--partial is for acquire");
    if (!err)
        err = fill(&r, arguments);
    return err ? wrong_usage("defer", err) : send_registration("defer", "defer", &r, NULL);
}

/* ---- acquire ---- */

static int send_sequence(const char *request, int64_t sequence)
{
    struct buffer fields = {0};
    lg_defer(buffer_free, &fields);
    wire_put_text(&fields, request);
    wire_put_number(&fields, sequence);
    return client_request("acquire", &fields, NULL);
}

/* Waits for it whatever the terminal sends: it gets that as well. *failed is 0, or the errno value with which it could not start. */
static lg_error *run_and_wait(char **words, int *status, int *failed)
{
    struct sigaction ignore = {.sa_flags = 0};
    struct sigaction before[2];
    static const int numbers[2] = {SIGINT, SIGQUIT};
    ignore.sa_handler = SIG_IGN;
    sigemptyset(&ignore.sa_mask);
    sigset_t reset;
    sigemptyset(&reset);
    for (int i = 0; i < 2; i++) {
        sigaction(numbers[i], &ignore, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            sigaddset(&reset, numbers[i]);
    }
    union {
        char **mine;
        const char *const *text;
    } command = {.mine = words};
    const struct launch launch = {
        .defaults = reset, .in_our_group = true, .terminal = -1, .words = {command.text}};
    pid_t pid;
    *failed = launch_once(&launch, &pid);
    return *failed ? NULL : launch_await(pid, status);
}

static int confirm_or_withdraw(const struct registration *r, int64_t sequence, int status)
{
    bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    int failed = 0;
    if (good)
        failed = send_sequence("confirm", sequence);
    else if (WIFEXITED(status) && !r->partial)
        failed = send_sequence("withdraw", sequence);
    if (WIFSIGNALED(status))
        return EXIT_SIGNAL + WTERMSIG(status);
    return good && failed ? failed : WEXITSTATUS(status);
}

/* If we are killed, COMMAND goes on: so that it is found before the cleanup runs. */
static void set_mark(int64_t sequence)
{
    const char *run = getenv("LIFOGUARD_RUN");
    struct buffer mark = {0};
    lg_defer(buffer_free, &mark);
    request_acquire_mark(&mark, run ? run : "", sequence);
    setenv(REQUEST_ACQUIRE, strchr(mark.text, '=') + 1, 1);
}

static int acquire(const struct registration *r, char **command)
{
    int64_t sequence = 0;
    if (send_registration("acquire", "intend", r, &sequence) != 0) {
        if (sequence)
            send_sequence("withdraw", sequence);
        print_message("acquire: so %s was not run", command[0]);
        return EXIT_WRONG_USAGE;
    }
    set_mark(sequence);
    int status = 0, failed = 0;
    lg_error *err = run_and_wait(command, &status, &failed);
    if (!err && !failed)
        return confirm_or_withdraw(r, sequence, status);
    send_sequence("withdraw", sequence);
    if (!err)
        return command_not_started("acquire", command[0], failed);
    client_failed("acquire", err);
    return EXIT_OURS;
}

/* The word --undo ends the options: what follows, up to `--`, is the cleanup. */
static char **take_undo(char **arguments)
{
    for (; *arguments && strcmp(*arguments, "--") != 0; arguments++) {
        if (strcmp(*arguments, "--undo") == 0) {
            *arguments = NULL;
            return arguments + 1;
        }
    }
    return NULL;
}

int acquire_command(char **arguments)
{
    static char *none[] = {NULL};
    char **cleanup = take_undo(arguments);
    char **command = options_split(cleanup ? cleanup : arguments);
    struct registration r;
    lg_error *err = take_options(&r, &arguments);
    lg_defer(registration_free, &r);
    if (!err && r.help)
        return print_text(acquire_help);
    if (!err && !cleanup && !r.shell)
        err = lg_error_new("what undoes it? lifoguard acquire --undo CLEANUP… -- COMMAND…");
    if (!err && *arguments)
        err = lg_error_newf("not expected: %s", *arguments);
    if (!err)
        err = fill(&r, cleanup ? cleanup : none);
    if (!err && !command)
        err = lg_error_new("which COMMAND is to be run? It follows `--`");
    if (!err)
        err = command_check(command);
    return err || !command ? wrong_usage("acquire", err) : acquire(&r, command);
}
