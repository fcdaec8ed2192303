/* Opening the database of a state directory: it is made, or checked. */
#define _GNU_SOURCE
#include "database.h"

#include "buffer.h"
#include "message.h"
#include "place.h"
#include "random.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <lifoguard/file.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    APPLICATION = 0x4c494647, /* "LIFG" */
    VERSION = 1,
    /* How long to wait for somebody else's lock: when to say so, when to give up. In milliseconds. */
    SAY_AFTER = 2000,
    GIVE_UP_AFTER = 20000
};

static const char *const schema[] = {
    "CREATE TABLE run(id TEXT NOT NULL PRIMARY KEY, epoch INTEGER NOT NULL, phase INTEGER NOT NULL, "
    "boot TEXT NOT NULL, owner_pid INTEGER NOT NULL, owner_started INTEGER NOT NULL, "
    "runner_pid INTEGER NOT NULL, runner_started INTEGER NOT NULL, uid INTEGER NOT NULL, "
    "began INTEGER NOT NULL, command_pid INTEGER NOT NULL, command_started INTEGER NOT NULL, "
    "title TEXT NOT NULL, environment BLOB NOT NULL, "
    "signature INTEGER NOT NULL, mark INTEGER NOT NULL)",
    "CREATE TABLE cleanup(run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE, "
    "sequence INTEGER NOT NULL, state INTEGER NOT NULL, attempt INTEGER NOT NULL, "
    "attempt_pid INTEGER NOT NULL, attempt_started INTEGER NOT NULL, detail TEXT NOT NULL, "
    "mark INTEGER NOT NULL, tick INTEGER NOT NULL, last_pid INTEGER NOT NULL, spec BLOB NOT NULL, "
    "signature INTEGER NOT NULL, PRIMARY KEY(run, sequence)) WITHOUT ROWID",
    "CREATE TABLE variable(run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE, "
    "name TEXT NOT NULL, value TEXT NOT NULL, signature INTEGER NOT NULL, "
    "PRIMARY KEY(run, name)) WITHOUT ROWID",
};

enum { TABLES = sizeof(schema) / sizeof(schema[0]) };

static int wait_for_lock(void *data, int times)
{
    struct state *state = data;
    int pause = times < 10 ? 2 : 20;
    if (state->waited >= GIVE_UP_AFTER)
        return 0;
    if (state->waited < SAY_AFTER && state->waited + pause >= SAY_AFTER)
        print_message("waiting for a lock that another program holds on %s (fuser -v names it)",
                      state->path);
    state->waited += pause;
    nanosleep(&(struct timespec){.tv_nsec = pause * 1000000L}, NULL);
    return 1;
}

static lg_error *execute(struct state *state, const char *text)
{
    state->waited = 0;
    int result = sqlite3_exec(state->database, text, NULL, NULL, NULL);
    return result == SQLITE_OK ? NULL : database_failure(state, result);
}

/* The first column of the first row, for the caller to free; NULL: there is none. */
static lg_error *ask(struct state *state, const char *text, char **answer)
{
    *answer = NULL;
    sqlite3_stmt *prepared;
    state->waited = 0;
    int result = sqlite3_prepare_v2(state->database, text, -1, &prepared, NULL);
    if (result != SQLITE_OK)
        return database_failure(state, result);
    lg_defer(sqlite3_finalize, prepared);
    result = sqlite3_step(prepared);
    if (result != SQLITE_ROW)
        return result == SQLITE_DONE ? NULL : database_failure(state, result);
    const char *value = (const char *)sqlite3_column_text(prepared, 0);
    if (value)
        *answer = need_copy(value, strlen(value));
    return NULL;
}

static lg_error *ask_number(struct state *state, const char *text, int64_t *number)
{
    char *answer;
    lg_error *err = ask(state, text, &answer);
    *number = answer ? strtoll(answer, NULL, 10) : 0;
    free(answer);
    return err;
}

/* What SQLite was asked for is what it does. */
static lg_error *expect(struct state *state, const char *text, const char *wanted, const char *what)
{
    char *answer;
    lg_error *err = ask(state, text, &answer);
    lg_defer(free, answer);
    if (!err && (!answer || strcmp(answer, wanted) != 0))
        err = database_refuse(state->path, what);
    return err;
}

/* SQLite does not ask the busy handler when another program switches it on at the same moment. */
static lg_error *switch_log_on(struct state *state)
{
    for (int times = 0;; times++) {
        lg_error *err = expect(state, "PRAGMA journal_mode = WAL", "wal",
                               "its log cannot be switched on here");
        if (!lg_error_is(err, &state_busy) || !wait_for_lock(state, times))
            return err;
        lg_error_free(err);
    }
}

static lg_error *set_up(struct state *state)
{
    static const int settings[][2] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
        /* The next one finds the log; a checkpoint at each end would cost two syncs. */
        {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1}};
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        sqlite3_db_config(state->database, settings[i][0], settings[i][1], NULL);
    sqlite3_busy_handler(state->database, wait_for_lock, state);
    lg_error *err = expect(state, "PRAGMA quick_check(1)", "ok", "it is damaged");
    if (!err)
        err = switch_log_on(state);
    /* Who comes first reads the whole log: so it is kept short. */
    if (!err)
        err = execute(state, "PRAGMA wal_autocheckpoint = 100");
    if (!err)
        err = execute(state, "PRAGMA synchronous = FULL");
    if (!err)
        err = expect(state, "PRAGMA synchronous", "2", "it does not wait for the disk");
    return err;
}

static lg_error *create(struct state *state)
{
    lg_error *err = NULL;
    for (int i = 0; i < TABLES && !err; i++)
        err = execute(state, schema[i]);
    struct buffer text = {0};
    lg_defer(buffer_free, &text);
    buffer_format(&text, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION,
                  VERSION);
    return err ? err : execute(state, text.text);
}

static lg_error *check_schema(struct state *state)
{
    struct buffer wanted = {0};
    lg_defer(buffer_free, &wanted);
    /* In the order of the names. */
    static const int order[TABLES] = {1, 0, 2};
    for (int i = 0; i < TABLES; i++)
        buffer_format(&wanted, "%s;", schema[order[i]]);
    return expect(state,
                  "SELECT group_concat(sql, '') FROM (SELECT sql || ';' AS sql FROM sqlite_schema "
                  "WHERE sql IS NOT NULL ORDER BY name)",
                  wanted.text, "its tables were changed by another program");
}

/* A database that is new is filled; another is to be of ours, and of this version. Within a transaction, so that of two
 * that come first one waits. */
static lg_error *create_or_check(struct state *state, bool has_key)
{
    int64_t application;
    int64_t version;
    int64_t tables;
    lg_error *err = ask_number(state, "PRAGMA application_id", &application);
    if (!err)
        err = ask_number(state, "PRAGMA user_version", &version);
    if (!err)
        err = ask_number(state, "SELECT count(*) FROM sqlite_schema", &tables);
    if (err)
        return err;
    if (application == 0 && version == 0 && tables == 0)
        return has_key ? database_refuse(state->path, "it is empty, though it was in use")
                       : create(state);
    if (application != APPLICATION)
        return database_refuse(state->path, "it is not a database of lifoguard's");
    if (version > VERSION)
        return lg_error_newf(
            "%s was written by a newer lifoguard (format %lld, this one knows %d): use that, or "
            "--state DIRECTORY",
            state->path, (long long)version, VERSION);
    if (version != VERSION)
        return database_refuse(state->path, "its format is unknown");
    return check_schema(state);
}

static lg_error *read_key(struct state *state, const char *path)
{
    lg_error *err = place_check_file(path, NULL);
    if (err)
        return err;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return lg_error_new_errno("%s", path);
    lg_defer(close, fd);
    if (read(fd, &state->key, sizeof(state->key)) != sizeof(state->key))
        return database_refuse(path, "it is not a key");
    return NULL;
}

static lg_error *write_key(const char *path)
{
    struct sign_key key;
    lg_error *err = random_fill(&key, sizeof(key));
    if (err)
        return err;
    struct buffer other = {0};
    lg_defer(buffer_free, &other);
    buffer_format(&other, "%s.%ld", path, (long)getpid());
    int fd = open(other.text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return lg_error_new_errno("%s", other.text);
    lg_defer(unlink, other.text);
    lg_defer(close, fd);
    if (write(fd, &key, sizeof(key)) != sizeof(key) || fsync(fd) != 0)
        return lg_error_new_errno("writing %s", other.text);
    /* If another was faster, its key holds. */
    if (link(other.text, path) != 0 && errno != EEXIST)
        return lg_error_new_errno("link %s", path);
    return NULL;
}

/* Runs `what` with the database locked, all of it or nothing. */
static lg_error *locked(struct state *state, const char *key,
                        lg_error *(*what)(struct state *state, const char *key))
{
    lg_error *err = state_start(state);
    if (err)
        return err;
    err = what(state, key);
    state->failed = err != NULL;
    lg_error *other = state_commit(state);
    if (!err)
        return other;
    lg_error_free(other);
    return err;
}

static lg_error *first_step(struct state *state, const char *key)
{
    bool no_key;
    lg_error *err = place_check_file(key, &no_key);
    return err ? err : create_or_check(state, !no_key);
}

/* The key comes when the tables are on disk, and before the first run: so a key without tables, or runs without a key,
 * come of no crash of ours. */
static lg_error *second_step(struct state *state, const char *key)
{
    bool no_key;
    int64_t runs = 0;
    lg_error *err = place_check_file(key, &no_key);
    if (!err && no_key)
        err = ask_number(state, "SELECT count(*) FROM run", &runs);
    if (err || !no_key)
        return err;
    return runs > 0 ? database_refuse(key, "it is missing") : write_key(key);
}

static lg_error *prepare(struct state *state, const char *key)
{
    lg_error *err = set_up(state);
    if (!err)
        err = locked(state, key, first_step);
    bool no_key = false;
    if (!err)
        err = place_check_file(key, &no_key);
    if (!err && no_key)
        err = locked(state, key, second_step);
    return err ? err : read_key(state, key);
}

/* Before SQLite sees it: made private, or checked to be. */
static lg_error *check_files(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0)
        close(fd);
    else if (errno != EEXIST)
        return lg_error_new_errno("%s", path);
    lg_error *err = NULL;
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]) && !err; i++) {
        struct buffer file = {0};
        buffer_format(&file, "%s%s", path, suffixes[i]);
        bool missing;
        err = place_check_file(file.text, &missing);
        buffer_free(&file);
    }
    return err;
}

static char *path_in(const char *place, const char *name)
{
    struct buffer path = {0};
    buffer_format(&path, "%s/%s", place, name);
    return path.text;
}

lg_error *statements_open(const char *place, struct state **opened)
{
    *opened = NULL;
    struct state *state = need_memory(NULL, sizeof(*state));
    *state = (struct state){.path = path_in(place, "state.db")};
    char *key = path_in(place, "key");
    lg_defer(free, key);
    lg_error *err = check_files(state->path);
    if (!err) {
        int result = sqlite3_open_v2(
            state->path, &state->database,
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX, NULL);
        err = result == SQLITE_OK ? prepare(state, key) : database_failure(state, result);
    }
    if (err)
        state_close(state);
    else
        *opened = state;
    return err;
}

void state_close(struct state *state)
{
    if (!state)
        return;
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(state->prepared[i]);
    sqlite3_close(state->database);
    free(state->path);
    free(state);
}

const struct sign_key *statements_key(const struct state *state)
{
    return &state->key;
}
