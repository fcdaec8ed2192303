#include "names.h"

#include "base.h"
#include "config.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool boundary_before(const char *name, const char *at)
{
    if (at == name || !isalnum((unsigned char)at[-1]))
        return true;
    return isupper((unsigned char)at[0]) && !isupper((unsigned char)at[-1]);
}

static bool boundary_after(const char *at, const char *word_end)
{
    char c = *word_end;
    if (c == '\0' || !isalpha((unsigned char)c))
        return true;
    return isupper((unsigned char)c) && islower((unsigned char)word_end[-1]) && at != word_end;
}

/* False if the characters differ whatever their case is; asked before a call of strncasecmp, which costs much more. */
static bool may_equal(char a, char b)
{
    return (a | 0x20) == (b | 0x20);
}

bool name_has(const char *name, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = name; *at; at++)
        if (may_equal(*at, *word) && strncasecmp(at, word, length) == 0 &&
            boundary_before(name, at) && boundary_after(at, at + length))
            return true;
    return false;
}

bool name_has_any(const char *name, const char *const *words)
{
    for (; *words; words++)
        if (name_has(name, *words))
            return true;
    return false;
}

bool name_ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), e = strlen(end);
    return n >= e && strcasecmp(name + n - e, end) == 0;
}

bool name_starts_with(const char *name, const char *start)
{
    return strncasecmp(name, start, strlen(start)) == 0;
}

bool name_is_constant(const char *name)
{
    bool letters = false;
    for (; *name; name++) {
        if (islower((unsigned char)*name))
            return false;
        letters |= isupper((unsigned char)*name) != 0;
    }
    return letters;
}

bool name_is_predicate(const char *name)
{
    static const char *const names[] = {"streq",    "strcmp", "strcasecmp", "strncmp", "isempty",
                                        "test_bit", "STR_EQ", "streq_ptr",  "memcmp",  NULL};
    return name_starts_with(name, "is_") || name_starts_with(name, "has_") ||
           strstr(name, "_is_") || strstr(name, "_has_") || word_in(name, names) ||
           strstr(name, "_enabled") || strstr(name, "_supported") ||
           name_starts_with(name, "S_IS") || strstr(name, "_IS_") || strstr(name, "need");
}

bool name_never_returns(const char *name)
{
    static const char *const names[] = {"exit",
                                        "_exit",
                                        "_Exit",
                                        "abort",
                                        "quick_exit",
                                        "pthread_exit",
                                        "__builtin_unreachable",
                                        "__builtin_trap",
                                        "die",
                                        "die_errno",
                                        "die_error",
                                        "usage",
                                        "err",
                                        "errx",
                                        "verr",
                                        "verrx",
                                        "fatal",
                                        "fatalx",
                                        "fatal_fr",
                                        "fatal_f",
                                        "fatal_r",
                                        "sshfatal",
                                        "longjmp",
                                        "siglongjmp",
                                        "_longjmp",
                                        "unreachable",
                                        "UNREACHABLE",
                                        "NOTREACHED",
                                        "g_error",
                                        "BUG",
                                        "panic",
                                        "serverPanic",
                                        "lg_panic",
                                        "lg_exit",
                                        "lg_goexit",
                                        "assert_not_reached",
                                        "g_assert_not_reached",
                                        "g_abort",
                                        "usage_with_options",
                                        "usage_msg_opt",
                                        "cleanup_exit",
                                        "errtryhelp",
                                        "err_exit",
                                        "rte_panic",
                                        "rte_exit",
                                        "xalloc_die",
                                        "die_initial_contact",
                                        "perror_exit",
                                        "bad_usage",
                                        "show_usage_and_exit",
                                        "lg_panicf",
                                        "log_assert_failed_unreachable",
                                        "__assert_fail",
                                        "ereport_fatal",
                                        "croak",
                                        "clar__fail",
                                        NULL};
    return word_in(name, names) || name_ends_with(name, "_die") || name_starts_with(name, "die_") ||
           name_ends_with(name, "sleepexit") || name_ends_with(name, "_exit_failure") ||
           name_starts_with(name, "fatal_") || name_starts_with(name, "g_assertion_message") ||
           name_starts_with(name, "errexec") || name_ends_with(name, "_fatal") ||
           name_ends_with(name, "_panic");
}

int name_leaves(const char *name)
{
    if (strncmp(name, "Throw", 5) == 0 && strstr(name, "Exception") &&
        strcmp(name, "ThrowException") != 0 && !strstr(name, "ThrowMagickException") &&
        strcmp(name, "ThrowFileException") != 0)
        return 2;
    if (strncmp(name, "g_", 2) == 0 || strstr(name, "assert"))
        return 0;
    return strstr(name, "return_if") || strstr(name, "RETURN_IF") || strstr(name, "_OR_RETURN") ||
           strstr(name, "_or_return") || strstr(name, "RETURN_ON_") || strstr(name, "return_on_") ||
           strstr(name, "RETURN_NOT_") || name_starts_with(name, "RETURN_ERR");
}

bool name_asserts(const char *name)
{
    return name_starts_with(name, "assert") || name_starts_with(name, "g_return_") ||
           strcmp(name, "g_warn_if_fail") == 0 || strstr(name, "_assert") ||
           name_ends_with(name, "_ASSERT") || strstr(name, "_ASSERT_") ||
           name_starts_with(name, "ASSERT_") || strcmp(name, "BUG_ON") == 0 ||
           strcmp(name, "VERIFY") == 0 || strcmp(name, "ck_assert") == 0 ||
           strcmp(name, "fail_unless") == 0 || strcmp(name, "abort_unless") == 0;
}

bool name_is_likely(const char *name)
{
    static const char *const names[] = {"likely",
                                        "unlikely",
                                        "__glibc_likely",
                                        "__glibc_unlikely",
                                        "__builtin_expect",
                                        "_likely_",
                                        "_unlikely_",
                                        "G_LIKELY",
                                        "G_UNLIKELY",
                                        "LIKELY",
                                        "UNLIKELY",
                                        "__predict_false",
                                        "__predict_true",
                                        "READ_ONCE",
                                        "GINT_TO_POINTER",
                                        "GPOINTER_TO_INT",
                                        "g_strdup_inline",
                                        "PTR_ERR_OR_ZERO",
                                        "BE",
                                        "static_cast",
                                        "OFI_UNLIKELY",
                                        "OFI_LIKELY",
                                        "DECLNULL",
                                        "UNCONST",
                                        "discard_const",
                                        "gconstpointer",
                                        NULL};
    return word_in(name, names);
}

/* set_block_free(map, n), blocks_find_free(table): what is free, not what is freed. */
static bool speaks_of_free(const char *name)
{
    static const char *const ends[] = {"_make_free", "_use_free", "_find_free",  "_is_free",
                                       "_has_free",  "_log_free", "_count_free", NULL};
    for (const char *const *end = ends; *end; end++)
        if (name_ends_with(name, *end))
            return true;
    return name_ends_with(name, "_free") &&
           (name_starts_with(name, "set_") || name_starts_with(name, "mark_"));
}

int name_releases(const char *name)
{
    static const char *const never[] = {"freeze",
                                        "closed",
                                        "is_closed",
                                        "on_close",
                                        "close_on_exec",
                                        "unref_later",
                                        "fd_cloexec",
                                        "set_cloexec",
                                        "putchar",
                                        "putc",
                                        "fputs",
                                        "fputc",
                                        "puts",
                                        "output",
                                        "put_user",
                                        "putenv",
                                        "copy_on_free",
                                        "should_close",
                                        "FREE_LIST",
                                        "va_end",
                                        "G_IS_DIR_SEPARATOR",
                                        "clear_bit",
                                        "g_source_destroy",
                                        "lg_chan_close",
                                        NULL};
    static const char *const not_words[] = {"freeze", "nofree", "cloexec", "freed", "closed",
                                            "dont",   "need",   "needs",   "later", NULL};
    static const char *const strong[] = {
        "free",       "close",    "destroy",      "unref",      "release",  "dispose",
        "delete",     "dealloc",  "fini",         "cleanup",    "closedir", "fclose",
        "pclose",     "finalize", "unlock",       "decref",     "deref",    "munmap",
        "kfree",      "vfree",    "drop",         "deinit",     "uninit",   "xfree",
        "gfree",      "put",      "freeaddrinfo", "deallocate", "freep",    "closep",
        "unrefp",     "unlockp",  "endmntent",    "teardown",   "destroyp", "freelist",
        "relinquish", "lclose",   "sclose",       "safe_close", "dismiss",  "discard",
        "frees",      "freestr",  "destruct",     "zfree",      "unmap",    "freev",
        "brelse",     NULL};
    /* of libraries, with names that say it in their own way */
    static const char *const known[] = {
        "g_strfreev",    "iounmap",     "PQclear", "PQfinish", "FT_Done_FreeType",
        "FT_Done_Face",  "pam_end",     "shmdt",   "mmput",    "freecon",
        "XCloseDisplay", "closesocket", NULL};
    static const char *const weak[] = {
        "stop",      "cancel",     "detach",    "unregister", "disable", "restore", "remove",
        "clear",     "reset",      "rollback",  "abort",      "leave",   "exit",    "unlink",
        "rmdir",     "disconnect", "shutdown",  "stop",       "pop",     "resume",  "unpin",
        "uninstall", "unset",      "undo",      "revert",     "quit",    "unpause", "empty",
        "purge",     "wipe",       "disarm",    "finish",     "end",     "done",    "kill",
        "del",       "term",       "terminate", "decr",       "unload",  NULL};
    static const char *const digests[] = {"sha",    "sha1", "sha256", "sha512", "md5",
                                          "digest", "crc",  "crc32",  "blake2", NULL};
    if (config_is_release(name))
        return 2;
    if (name_has_any(name, digests) && name_has(name, "finish"))
        return 0; /* it only computes the result */
    if (word_in(name, never) || speaks_of_free(name) || name_has_any(name, not_words) ||
        strstr(name, "_by_") || strstr(name, "_space"))
        return 0; /* delete_by_name(name), free_data_space(buffer) */
    if (name_has_any(name, strong) || word_in(name, known) || strstr(name, "closedir") ||
        name_unlocks(name) || name_ends_with(name, "free") || name_ends_with(name, "freep") ||
        name_ends_with(name, "unref") || name_ends_with(name, "close") || strstr(name, "_free_") ||
        strstr(name, "_free") || strstr(name, "Destroy") || strstr(name, "freeReply") ||
        strstr(name, "decrRef") || name_starts_with(name, "free"))
        return 2;
    return name_has_any(name, weak);
}

bool name_only_releases(const char *name)
{
    static const char *const words[] = {"free",  "release", "destroy", "unref",
                                        "close", "delete",  "dispose", NULL};
    return name_has_any(name, words);
}

bool name_only_frees(const char *name)
{
    static const char *const words[] = {"free", "destroy", "unref", "release", "delete", NULL};
    return name_has_any(name, words) || name_ends_with(name, "free");
}

bool name_frees(const char *name)
{
    static const char *const words[] = {"free",    "fclose", "closedir", "pclose", "destroy",
                                        "dispose", "kfree",  "xfree",    "delete", "freeaddrinfo",
                                        "freev",   "freep",  NULL};
    if (strstr(name, "_set_"))
        return false; /* BIO_meth_set_destroy(methods, destroy) */
    return name_has_any(name, words) || strcmp(name, "close") == 0 ||
           name_ends_with(name, "free") || name_ends_with(name, "_close") ||
           (name_ends_with(name, "close") && strlen(name) < 9) || strstr(name, "Destroy") != NULL;
}

bool name_destroys(const char *name)
{
    return name_ends_with(name, "free") || name_ends_with(name, "destroy") ||
           name_ends_with(name, "freep") || name_ends_with(name, "fclose") ||
           name_ends_with(name, "closedir");
}

bool name_counts(const char *name)
{
    static const char *const words[] = {"unref", "put", "decref", "release", "unlock", NULL};
    return name_has_any(name, words) || strstr(name, "unref") || strstr(name, "decrRef");
}

bool name_gets(const char *name)
{
    static const char *const words[] = {
        "weakptr", "weak",     "borrow", "get",     "find",   "lookup", "next",      "first",
        "last",    "peek",     "search", "entry",   "parent", "cast",   "container", "current",
        "head",    "tail",     "iter",   "to",      "of",     "as",     "by",        "at",
        "check",   "prev",     "top",    "root",    "match",  "select", "hash",      "value",
        "val",     "data",     "elem",   "private", "item",   "node",   "tree",      "list",
        "lru",     "downcast", NULL};
    return name_has_any(name, words) || name_ends_with(name, "_ptr");
}

bool name_constructs(const char *name)
{
    static const char *const words[] = {
        "new",      "create", "alloc",    "open",   "dup",       "copy",   "init",    "make",
        "build",    "clone",  "load",     "malloc", "calloc",    "strdup", "fopen",   "mk",
        "socket",   "accept", "acquire",  "printf", "join",      "concat", "ref",     "compile",
        "generate", "zalloc", "allocate", "dupl",   "duplicate", "parse",  "connect", NULL};
    if (name_has(name, "wait"))
        return false; /* wait_for_new_pool() */
    return name_has_any(name, words) || strstr(name, "alloc") || strstr(name, "strdup") ||
           strstr(name, "Acquire") || strstr(name, "open") || strstr(name, "memdup");
}

bool name_makes(const char *name)
{
    static const char *const words[] = {"new", "create", "alloc",  "calloc",   "open",
                                        "dup", "clone",  "zalloc", "allocate", NULL};
    return name_has_any(name, words) && !name_has(name, "init") && !name_has(name, "wait");
}

bool name_acquires(const char *name)
{
    static const char *const words[] = {
        "new",      "create", "open",   "alloc",  "malloc", "calloc",  "get",    "dup",  "ref",
        "acquire",  "init",   "strdup", "make",   "fopen",  "opendir", "lookup", "find", "connect",
        "register", "start",  "begin",  "enable", "load",   "build",   "clone",  "copy", "prepare",
        "hold",     "take",   "incref", "read",   "parse",  NULL};
    return name_has_any(name, words);
}

/* The object is handed to a callback that runs later. */
bool name_hands_over(const char *name)
{
    return strstr(name, "signal_connect") || strstr(name, "task_report_error") ||
           strstr(name, "list_concat") || name_ends_with(name, "_async");
}

bool name_keeps(const char *name)
{
    static const char *const words[] = {"add",
                                        "push",
                                        "register",
                                        "insert",
                                        "append",
                                        "prepend",
                                        "enqueue",
                                        "queue",
                                        "attach",
                                        "own",
                                        "set",
                                        "store",
                                        "take",
                                        "install",
                                        "link",
                                        "save",
                                        "put",
                                        "donate",
                                        "give",
                                        "transfer",
                                        "submit",
                                        "schedule",
                                        "replace",
                                        "consume",
                                        "adopt",
                                        "assign",
                                        "wrap",
                                        "bind",
                                        "hook",
                                        "steal",
                                        "async",
                                        "return",
                                        "propagate",
                                        "track",
                                        "pushback",
                                        "insque",
                                        "tsearch",
                                        "publish",
                                        "setup",
                                        "associate",
                                        "spawn",
                                        "fdopen",
                                        "fdopendir",
                                        "handoff",
                                        "setdata",
                                        "thread",
                                        "pthread_create",
                                        "invoke",
                                        "emit",
                                        "post",
                                        "hash",
                                        "sink",
                                        "move",
                                        "swap",
                                        "xchg",
                                        "go",
                                        "RCU",
                                        "rcu",
                                        "defer",
                                        "join",
                                        "entry",
                                        "merge",
                                        "chain",
                                        "complete",
                                        "reply",
                                        "respond",
                                        "callback",
                                        "dispatch",
                                        "add0",
                                        "set0",
                                        "push0",
                                        "setopt",
                                        "migrate",
                                        "setspecific",
                                        NULL};
    return name_has_any(name, words) || name_hands_over(name) || strstr(name, "beginthread") ||
           strstr(name, "open_osfhandle");
}

bool name_means_failure(const char *label)
{
    static const char *const parts[] = {"err",  "fail", "bad",   "abort",   "fault",    "unwind",
                                        "undo", "oom",  "nomem", "invalid", "rollback", NULL};
    for (const char *const *part = parts; *part; part++)
        for (const char *at = label; *at; at++)
            if (strncasecmp(at, *part, strlen(*part)) == 0)
                return true;
    return false;
}

static bool symbol_fails(const char *symbol)
{
    static const char *const bad[] = {"ERR",           "FAIL",   "BAD",    "INVALID",
                                      "EIO",           "ENOMEM", "EINVAL", "NOMEM",
                                      "OUT_OF_MEMORY", "FALSE",  NULL};
    for (const char *const *word = bad; *word; word++)
        if (strstr(symbol, *word))
            return true;
    return symbol[0] == 'E' && strlen(symbol) > 3 && !strchr(symbol, '_');
}

static bool symbol_succeeds(const char *symbol)
{
    size_t length = strlen(symbol);
    return (length >= 2 && strcmp(symbol + length - 2, "OK") == 0) || strstr(symbol, "SUCCESS") ||
           strstr(symbol, "TRUE") || strstr(symbol, "_NORMAL") || strstr(symbol, "NO_ERR") ||
           strstr(symbol, "NOERR") || strstr(symbol, "_NONE");
}

int name_means(const char *symbol)
{
    return symbol_succeeds(symbol) ? 1 : symbol_fails(symbol) ? -1 : 0;
}

bool name_means_zero(const char *symbol)
{
    size_t length = strlen(symbol);
    return (length > 3 && strcmp(symbol + length - 3, "_OK") == 0 && !strstr(symbol, "HTTP")) ||
           strstr(symbol, "SUCCESS") || strstr(symbol, "NO_ERR") || strstr(symbol, "NOERR");
}

bool name_means_nonzero(const char *symbol)
{
    return name_means(symbol) < 0 && !strstr(symbol, "FALSE") && !name_means_zero(symbol);
}

bool name_is_status(const char *name)
{
    static const char *const names[] = {"err", "error", "rc",     "ret",  "r",   "res",
                                        "rv",  "rval",  "status", "retv", "ret", NULL};
    static const char *const ends[] = {"_rc", "_err",   "_ret",   "_status",
                                       "Ret", "Status", "Result", NULL};
    size_t length = strlen(name);
    for (int i = 0; ends[i]; i++)
        if (length > strlen(ends[i]) && strcmp(name + length - strlen(ends[i]), ends[i]) == 0)
            return true;
    return word_in(name, names);
}
