#include "model.h"

#include "names.h"
#include "once.h"

#include <string.h>
#include <strings.h>

static const struct acquirer acquirers[] = {
    {"malloc", R_MEMORY, -1, FAILS_NULL},
    {"calloc", R_MEMORY, -1, FAILS_NULL},
    {"realloc", R_MEMORY, -1, FAILS_NULL},
    {"reallocarray", R_MEMORY, -1, FAILS_NULL},
    {"strdup", R_MEMORY, -1, FAILS_NULL},
    {"strndup", R_MEMORY, -1, FAILS_NULL},
    {"evbuffer_readln", R_MEMORY, -1, FAILS_NULL},
    {"wcsdup", R_MEMORY, -1, FAILS_NULL},
    {"aligned_alloc", R_MEMORY, -1, FAILS_NULL},
    {"realpath", R_MEMORY, -1, FAILS_NULL},
    {"canonicalize_file_name", R_MEMORY, -1, FAILS_NULL},
    {"get_current_dir_name", R_MEMORY, -1, FAILS_NULL},
    {"tempnam", R_MEMORY, -1, FAILS_NULL},
    {"backtrace_symbols", R_MEMORY, -1, FAILS_NULL},
    {"memalign", R_MEMORY, -1, FAILS_NULL},
    {"valloc", R_MEMORY, -1, FAILS_NULL},
    {"asprintf", R_MEMORY, 0, FAILS_STATUS},
    {"vasprintf", R_MEMORY, 0, FAILS_STATUS},
    {"posix_memalign", R_MEMORY, 0, FAILS_STATUS},
    {"getline", R_MEMORY, 0, FAILS_NEVER},
    {"getdelim", R_MEMORY, 0, FAILS_NEVER},
    {"scandir", R_MEMORY, 1, FAILS_STATUS},
    {"open_memstream", R_STREAM, -1, FAILS_NULL},
    {"open_wmemstream", R_STREAM, -1, FAILS_NULL},
    {"fopencookie", R_STREAM, -1, FAILS_NULL},
    {"tmpfile64", R_STREAM, -1, FAILS_NULL},
    {"fopen", R_STREAM, -1, FAILS_NULL},
    {"fopen64", R_STREAM, -1, FAILS_NULL},
    {"fdopen", R_STREAM, -1, FAILS_NULL},
    {"tmpfile", R_STREAM, -1, FAILS_NULL},
    {"fmemopen", R_STREAM, -1, FAILS_NULL},
    {"setmntent", R_STREAM, -1, FAILS_NULL},
    {"popen", R_PROCESS, -1, FAILS_NULL},
    {"opendir", R_FOLDER, -1, FAILS_NULL},
    {"fdopendir", R_FOLDER, -1, FAILS_NULL},
    {"open", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"open64", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"openat", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"creat", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"socket", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"accept", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"accept4", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"dup", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"epoll_create", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"epoll_create1", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"eventfd", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"signalfd", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"timerfd_create", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"memfd_create", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"inotify_init", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"inotify_init1", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"fanotify_init", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"pidfd_open", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"shm_open", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"openat2", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"openat64", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"userfaultfd", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"perf_event_open", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"memfd_secret", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"pidfd_getfd", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"open_tree", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"fsopen", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"fsmount", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"posix_openpt", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"mq_open", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"kqueue", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"io_uring_setup", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"mkostemps", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"mkstemp", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"mkostemp", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"mkstemps", R_DESCRIPTOR, -1, FAILS_NEGATIVE},
    {"pipe", R_DESCRIPTOR, 0, FAILS_STATUS},
    {"pipe2", R_DESCRIPTOR, 0, FAILS_STATUS},
    {"g_unix_open_pipe", R_DESCRIPTOR, 0, FAILS_STATUS},
    {"socketpair", R_DESCRIPTOR, 3, FAILS_STATUS},
    {"mmap", R_MAPPING, -1, FAILS_NULL},
};

/* Allocators of many projects, by the word at the end of their names. */
static const struct acquirer allocated = {"", R_MEMORY, -1, FAILS_NULL};
static const struct acquirer printed = {"", R_MEMORY, 0, FAILS_STATUS};

static bool ends(const char *name, const char *end)
{
    size_t n = strlen(name), e = strlen(end);
    return n >= e && strcmp(name + n - e, end) == 0;
}

static bool allocates(const char *name)
{
    static const char *const endings[] = {"malloc",        "calloc",  "zalloc",  "strdup",
                                          "strndup",       "memdup",  "malloc0", "strconcat",
                                          "strdup_printf", "strjoin", NULL};
    static const char *const arenas[] = {"talloc",  "palloc",  "pstrdup", "apr_",          "pool",
                                         "ngx_",    "obstack", "alloca",  "strdupa",       "arena",
                                         "mempool", "devm",    "dbuf_",   "emalloc_track", "region",
                                         "stack",   "slab",    NULL};
    if (strncasecmp(name, "gc_", 3) == 0)
        return false; /* gc_strdup(text, gc) */
    if (strncasecmp(name, "chk", 3) == 0 || strncasecmp(name, "check", 5) == 0)
        return false; /* CHKmalloc(p = malloc(n)) looks at what malloc returned */
    for (const char *const *arena = arenas; *arena; arena++)
        if (strstr(name, *arena))
            return false;
    for (const char *const *end = endings; *end; end++)
        if (ends(name, *end) && (strlen(name) - strlen(*end) <= 4))
            return true;
    if ((ends(name, "aprintf") || ends(name, "strfmt") || ends(name, "strdup_vprintf")) &&
        !ends(name, "asprintf"))
        return true;
    return strcmp(name, "g_new") == 0 || strcmp(name, "g_new0") == 0 || strcmp(name, "new0") == 0 ||
           strcmp(name, "xmallocz") == 0 || strcmp(name, "areadlink") == 0 ||
           strcmp(name, "areadlink_with_size") == 0 || strcmp(name, "strjoin") == 0 ||
           strcmp(name, "xrealloc") == 0;
}

const struct acquirer *model_acquirer_more(const char *name)
{
    static const struct acquirer buffer = {"open_memstream", R_MEMORY, 0, FAILS_RESULT_NULL};
    return strncmp(name, "open_memstream", 14) == 0 || strcmp(name, "open_wmemstream") == 0
               ? &buffer
               : NULL;
}

bool model_uses_descriptor(const char *name)
{
    static const char *const names[] = {"read",          "write",
                                        "pread",         "pwrite",
                                        "bind",          "listen",
                                        "connect",       "setsockopt",
                                        "getsockopt",    "ioctl",
                                        "fstat",         "lseek",
                                        "ftruncate",     "fsync",
                                        "fcntl",         "recv",
                                        "send",          "sendto",
                                        "recvfrom",      "sendmsg",
                                        "recvmsg",       "fchmod",
                                        "fchown",        "flock",
                                        "fdatasync",     "readv",
                                        "writev",        "fstatfs",
                                        "getsockname",   "getpeername",
                                        "dprintf",       "fchdir",
                                        "fallocate",     "posix_fallocate",
                                        "posix_fadvise", "isatty",
                                        "syncfs",        "tcgetattr",
                                        "tcsetattr",     "accept",
                                        "accept4",       "shutdown",
                                        "fstatat",       "openat",
                                        "unlinkat",      "mkdirat",
                                        "readlinkat",    "dup",
                                        "dup2",          "fdopen",
                                        "fdopendir",     "pread64",
                                        "pwrite64",      "epoll_ctl",
                                        "epoll_wait",    "timerfd_settime",
                                        "signalfd",      "inotify_add_watch",
                                        "splice",        "lseek64",
                                        "preadv",        "pwritev",
                                        "futimens",      "lockf",
                                        "sendfile",      "copy_file_range",
                                        "vdprintf",      NULL};
    return word_in(name, names);
}

bool model_allocates(const char *name)
{
    if (name[0] == 'x' || strncmp(name, "g_", 2) == 0)
        return false; /* these are known to give memory to their callers */
    for (size_t i = 0; i < sizeof(acquirers) / sizeof(*acquirers); i++)
        if (strcmp(acquirers[i].name, name) == 0)
            return false;
    return ask_once(allocates, name);
}

static bool makes_context(const char *name)
{
    return strncmp(name, "lg_context_with", 15) == 0 || strcmp(name, "lg_context_for_cleanup") == 0;
}

/* One that is known without a table of a library. */
static const void *find_acquirer(const char *name)
{
    static const struct acquirer context = {"", R_CONTEXT, -1, FAILS_NEVER};
    static const struct acquirer signal_context = {"", R_CONTEXT, 1, FAILS_STATUS};
    static const struct acquirer stream = {"", R_STREAM, -1, FAILS_NULL};
    if (strcmp(name, "open_memstream_unlocked") == 0 || strcmp(name, "fopen_unlocked") == 0)
        return &stream;
    for (size_t i = 0; i < sizeof(acquirers) / sizeof(*acquirers); i++)
        if (strcmp(acquirers[i].name, name) == 0)
            return &acquirers[i];
    if (makes_context(name))
        return strcmp(name, "lg_context_with_signals") == 0 ? &signal_context : &context;
    if (allocates(name))
        return &allocated;
    if (ends(name, "asprintf") && strlen(name) <= 10)
        return &printed;
    return NULL;
}

const struct acquirer *model_acquirer(const char *name)
{
    const struct acquirer *found = find_once(find_acquirer, name);
    return found ? found : library_acquirer(name);
}

/* g_strdup, g_malloc0, g_build_filename … */
static bool allocates_by_glib(const char *name)
{
    static const char *const names[] = {"g_malloc",
                                        "g_malloc0",
                                        "g_realloc",
                                        "g_try_malloc",
                                        "g_try_malloc0",
                                        "g_malloc_n",
                                        "g_malloc0_n",
                                        "g_new",
                                        "g_new0",
                                        "g_strdup",
                                        "g_strndup",
                                        "g_strdup_printf",
                                        "g_strdup_vprintf",
                                        "g_strconcat",
                                        "g_strjoin",
                                        "g_strjoinv",
                                        "g_memdup",
                                        "g_memdup2",
                                        "g_build_filename",
                                        "g_build_path",
                                        "g_path_get_dirname",
                                        "g_path_get_basename",
                                        "g_get_current_dir",
                                        "g_uri_escape_string",
                                        "g_markup_escape_text",
                                        "g_base64_encode",
                                        NULL};
    return word_in(name, names);
}

static bool allocates_by_libc(const char *name)
{
    static const char *const names[] = {"malloc",   "calloc",    "realloc",        "reallocarray",
                                        "strdup",   "strndup",   "aligned_alloc",  "realpath",
                                        "asprintf", "vasprintf", "posix_memalign", NULL};
    return word_in(name, names);
}

static bool frees_by_another(const char *release)
{
    static const char *const names[] = {"g_free",       "kfree",     "vfree",   "sqlite3_free",
                                        "OPENSSL_free", "curl_free", "av_free", NULL};
    return word_in(release, names);
}

/* free(sqlite3_mprintf(…)): a library says how what it makes is released. */
static bool has_own_release(const char *acquire)
{
    const char *release = library_release(acquire);
    return release && strcmp(release, "free") != 0 && strcmp(release, "xmlFree") != 0 &&
           strcmp(release, "freecon") != 0 && !strstr(release, "_free_all");
}

bool model_mismatch(const char *acquire, const char *release)
{
    static const char *const wrong[][2] = {
        {"getaddrinfo", "free"},
        {"getifaddrs", "free"},
        {"vmalloc", "kfree"},
        {"vzalloc", "kfree"},
        {"vmalloc", "free"},
        {"kmalloc", "vfree"},
        {"kzalloc", "vfree"},
        {"kcalloc", "vfree"},
        {"kstrdup", "vfree"},
        {"kmalloc", "free"},
        {"kzalloc", "free"},
        {"scandir", "closedir"},
        {"cJSON_Print", "cJSON_Delete"},
        {"cJSON_PrintUnformatted", "cJSON_Delete"},
        {"json_dumps", "json_decref"},
    };
    if (!acquire)
        return false;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        if (strcmp(wrong[i][0], acquire) == 0 && strcmp(wrong[i][1], release) == 0)
            return true;
    bool plain = strcmp(release, "free") == 0;
    return (plain && (allocates_by_glib(acquire) || has_own_release(acquire))) ||
           (frees_by_another(release) && allocates_by_libc(acquire));
}

bool model_frees_memory(const char *name)
{
    static const char *const names[] = {"free",   "g_free", "kfree", "vfree",
                                        "kvfree", "xfree",  NULL};
    return word_in(name, names);
}

bool model_waits(const char *name)
{
    static const char *const names[] = {"lg_waitgroup_wait",       "lg_group_wait",
                                        "lg_waitgroup_wait_until", "lg_group_wait_until",
                                        "lg_group_free",           NULL};
    return word_in(name, names);
}

bool model_slow(const char *name)
{
    static const char *const names[] = {"read",          "pread",
                                        "readv",         "write",
                                        "pwrite",        "writev",
                                        "recv",          "recvfrom",
                                        "recvmsg",       "send",
                                        "sendto",        "sendmsg",
                                        "accept",        "accept4",
                                        "connect",       "poll",
                                        "ppoll",         "select",
                                        "pselect",       "epoll_wait",
                                        "sleep",         "usleep",
                                        "nanosleep",     "clock_nanosleep",
                                        "fsync",         "fdatasync",
                                        "sync",          "msync",
                                        "fread",         "fwrite",
                                        "fgets",         "fputs",
                                        "fprintf",       "fflush",
                                        "getline",       "getaddrinfo",
                                        "getnameinfo",   "gethostbyname",
                                        "system",        "popen",
                                        "pclose",        "waitpid",
                                        "wait",          "wait4",
                                        "waitid",        "sendfile",
                                        "splice",        "copy_file_range",
                                        "pthread_join",  "sem_wait",
                                        "lg_sleep",      "lg_read",
                                        "lg_write",      "lg_chan_recv",
                                        "lg_chan_send",  "msleep",
                                        "ssleep",        "readdir",
                                        "fclose",        "lg_waitgroup_wait",
                                        "lg_group_wait", "curl_easy_perform",
                                        "lg_fclose",     "opendir",
                                        "fopen",         "mq_receive",
                                        "flock",         "lockf",
                                        "flock LOCK_EX", "flock LOCK_SH",
                                        "lockf F_LOCK",  "SSL_read",
                                        "SSL_write",     "SSL_connect",
                                        "SSL_accept",    "g_usleep",
                                        "thrd_sleep",    "thrd_join",
                                        "getc",          "fgetc",
                                        "scanf",         "fscanf",
                                        "io_submit",     "rename",
                                        "renameat",      "unlink",
                                        "mkdir",         "open",
                                        "openat",        "stat",
                                        "ftruncate",     "lg_accept",
                                        "lg_connect",    NULL};
    return word_in(name, names);
}

const char *resource_name(enum resource resource)
{
    static const char *const names[] = {
        "memory",         "stream", "descriptor", "folder stream",  "mapping",
        "process stream", "object", "lock",       "temporary file", "state",
        "context",        "error",  "goroutines"};
    return names[resource];
}

const char *resource_release(enum resource resource)
{
    static const char *const names[] = {
        "free", "fclose", "close", "closedir",        "munmap",        "pclose",           NULL,
        NULL,   NULL,     NULL,    "lg_context_free", "lg_error_free", "lg_waitgroup_wait"};
    return names[resource];
}

bool model_wrong_release(enum resource resource, const char *callee)
{
    static const char *const releases[] = {"free",     "fclose", "close",
                                           "closedir", "munmap", "pclose"};
    if (resource > R_PROCESS || strcmp(callee, releases[resource]) == 0)
        return false;
    if (resource == R_PROCESS && strcmp(callee, "fclose") == 0)
        return true;
    for (size_t i = 0; i < sizeof(releases) / sizeof(*releases); i++)
        if (strcmp(releases[i], callee) == 0)
            return true;
    return false;
}

bool model_frees_one_level(const char *cleanup)
{
    static const char *const names[] = {"_cleanup_free_",
                                        "g_autofree",
                                        "gs_free",
                                        "freep",
                                        "cleanup_free",
                                        "__do_free",
                                        "auto_free",
                                        "g_free",
                                        "autofree",
                                        "__autofree",
                                        "erase_and_freep",
                                        "cleanup_freep",
                                        "_cleanup_erase_and_free_",
                                        "free_ptr",
                                        "g_autoptr_cleanup_generic_gfree",
                                        NULL};
    return word_in(cleanup, names);
}
