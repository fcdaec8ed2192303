/* Names of functions that lock, nest, and take and give what is counted. */
#include "base.h"
#include "names.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool lowers_semaphore(const char *name)
{
    static const char *const names[] = {"down",
                                        "down_interruptible",
                                        "down_killable",
                                        "down_read",
                                        "down_read_killable",
                                        "down_write",
                                        "down_write_killable",
                                        NULL};
    return word_in(name, names);
}

bool name_transfers_data(const char *name)
{
    static const char *const words[] = {"read", "recv",  "receive", "write", "send",
                                        "poll", "flush", "seek",    "sync",  NULL};
    return name_has_any(name, words);
}

bool name_works_on(const char *name)
{
    static const char *const words[] = {"parse", "load",  "process", "handle", "serve",
                                        "copy",  "drain", "step",    "use",    "truncate",
                                        "fill",  "stat",  "work",    "scan",   NULL};
    static const char *const tells[] = {"log",    "debug",  "print",  "remove",     "del",
                                        "forget", "closed", "notify", "free",       "done",
                                        "clear",  "close",  "delete", "unregister", NULL};
    return (name_transfers_data(name) || name_has_any(name, words)) && !name_has_any(name, tells);
}

bool name_takes_on_success(const char *name)
{
    static const char *const words[] = {"add0", "set0", "push0", NULL};
    return name_has_any(name, words);
}

bool name_gives(const char *name)
{
    static const char *const words[] = {
        "take",   "consume",  "adopt",    "steal",     "donate", "give",      "sink",
        "thread", "fdopen",   "transfer", "fdopendir", "return", "propagate", "own",
        "async",  "callback", "defer",    "spawn",     "move",   "owner",     NULL};
    return name_has_any(name, words) || strstr(name, "fdopen") || strstr(name, "pthread_create") ||
           strstr(name, "beginthread") || name_hands_over(name) || strstr(name, "atomic_");
}

bool name_locks_file(const char *name)
{
    return strncmp(name, "flock LOCK_", 11) == 0 || strncmp(name, "lockf F_", 8) == 0;
}

bool name_unlocks(const char *name)
{
    static const char *const names[] = {"up",
                                        "up_read",
                                        "up_write",
                                        "LeaveCriticalSection",
                                        "flock LOCK_UN",
                                        "lockf F_ULOCK",
                                        "lockmgr LK_RELEASE",
                                        "omp_unset_lock",
                                        "omp_unset_nest_lock",
                                        NULL};
    if (word_in(name, names) || name_has(name, "mutex_exit") || name_has(name, "mutex_spin_exit"))
        return true;
    if (name_locks_file(name))
        return false;
    if (name_has(name, "scoped"))
        return false;
    for (const char *at = name; *at; at++)
        if (strncasecmp(at, "unlock", 6) == 0 && strncasecmp(at + 6, "ed", 2) != 0 &&
            (at == name || *at != 'u' || !isupper((unsigned char)at[-1])))
            return true;
    return false; /* queue_push_unlocked expects the lock to be held */
}

int name_trylocks(const char *name)
{
    static const char *const zero_is_taken[] = {"down_trylock", "uv_mutex_trylock", NULL};
    static const char *const zero_is_not[] = {
        "mutex_trylock",       "spin_trylock",         "down_read_trylock", "down_write_trylock",
        "read_trylock",        "write_trylock",        "raw_spin_trylock",  "g_mutex_trylock",
        "g_rec_mutex_trylock", "lg_mutex_trylock",     "lg_mutex_try_lock", "qemu_mutex_trylock",
        "lg_rwmutex_try_lock", "spin_trylock_irqsave", "spin_trylock_bh",   NULL};
    if (word_in(name, zero_is_taken) ||
        (name_starts_with(name, "pthread_") && strstr(name, "_try")))
        return -1;
    return word_in(name, zero_is_not);
}

/* Some return 0 if they have the lock, some if they have it not: the test of the result tells. */
bool name_tries_lock(const char *name)
{
    static const char *const words[] = {"trylock",   "tryrdlock", "trywrlock",
                                        "timedlock", "try_enter", NULL};
    static const char *const others[] = {"unlock", "un", "can", "is", "may", "init", NULL};
    return name_trylocks(name) == 0 && name_has_any(name, words) && !name_has_any(name, others);
}

bool name_nests(const char *name)
{
    return strstr(name, "nest_lock") || name_has(name, "rdlock") || name_has(name, "rlock") ||
           name_has(name, "read") || strstr(name, "recursive") || name_has(name, "rec") ||
           strstr(name, "shared") || strstr(name, "rcu");
}

bool name_locks(const char *name)
{
    if (name_unlocks(name))
        return false;
    static const char *const names[] = {"flockfile",
                                        "EnterCriticalSection",
                                        "omp_set_lock",
                                        "omp_set_nest_lock",
                                        "lockmgr LK_EXCLUSIVE",
                                        "lockmgr LK_SHARED",
                                        NULL};
    if (lowers_semaphore(name) || name_locks_file(name) || word_in(name, names))
        return true;
    static const char *const not_locks[] = {
        "init",    "destroy",   "free",      "alloc",  "new",     "create",  "is",     "held",
        "assert",  "owner",     "setup",     "fini",   "count",   "file",    "get",    "set",
        "clock",   "path",      "name",      "check",  "under",   "dir",     "mlock",  "try",
        "trylock", "tryrdlock", "trywrlock", "delete", "block",   "holding", "status", "timeout",
        "have",    "owned",     "type",      "attr",   "print",   "dump",    "takes",  "needs",
        "may",     "scoped",    "clear",     "drop",   "release", "remove",  "unset",  "close",
        "protect", "unprotect", "handle",    NULL};
    bool locks = name_has(name, "lock") || name_has(name, "rdlock") || name_has(name, "wrlock") ||
                 name_has(name, "rlock") || name_has(name, "mutex_enter") ||
                 name_has(name, "mutex_spin_enter") || name_ends_with(name, "_lock") ||
                 name_ends_with(name, "lock_irqsave");
    return locks && !name_has_any(name, not_locks);
}
