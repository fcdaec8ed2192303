#define _GNU_SOURCE
#include "database.h"

#include <errno.h>
#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>

LG_ERROR_DEFINE(state_busy, "another program keeps the state database locked");

/* Every change ends in the run's identity and epoch: whoever has lost the run changes nothing (R7). */
static const char *const texts[STATEMENT_COUNT] = {
    [STATEMENT_BEGIN_RUN] = "INSERT INTO run(id, epoch, phase, boot, owner_pid, owner_started, "
                            "runner_pid, runner_started, uid, began, command_pid, "
                            "command_started, title, environment, signature, mark) "
                            "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_TAKE_RUN] =
        "UPDATE run SET epoch = ?, phase = ?, boot = ?, owner_pid = ?, owner_started = ?, "
        "runner_pid = ?, runner_started = ?, mark = ? WHERE id = ? AND epoch = ?",
    [STATEMENT_SET_PHASE] = "UPDATE run SET phase = ?, mark = ? WHERE id = ? AND epoch = ?",
    [STATEMENT_FORGET_RUN] = "DELETE FROM run WHERE id = ? AND epoch = ?",
    [STATEMENT_RUNS] =
        "SELECT id, epoch, phase, boot, owner_pid, owner_started, runner_pid, "
        "runner_started, uid, began, command_pid, command_started, title, environment, signature, mark FROM run "
        "ORDER BY began, rowid",
    [STATEMENT_ADD_CLEANUP] =
        "INSERT INTO cleanup(run, sequence, state, attempt, attempt_pid, attempt_started, detail, "
        "mark, tick, last_pid, spec, signature) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? "
        "WHERE EXISTS(SELECT 1 FROM run WHERE id = ? AND epoch = ?)",
    [STATEMENT_MOVE_CLEANUP] =
        "UPDATE cleanup SET state = ?, attempt = ?, attempt_pid = ?, attempt_started = ?, "
        "detail = ?, mark = ? WHERE sequence = ? "
        "AND run = (SELECT id FROM run WHERE id = ? AND epoch = ?)",
    [STATEMENT_DELETE_CLEANUP] = "DELETE FROM cleanup WHERE sequence = ? "
                                 "AND run = (SELECT id FROM run WHERE id = ? AND epoch = ?)",
    [STATEMENT_CLEANUPS] = "SELECT sequence, state, attempt, attempt_pid, attempt_started, detail, "
                           "mark, tick, last_pid, spec, signature FROM cleanup WHERE run = ? "
                           "ORDER BY sequence",
    [STATEMENT_SET_VARIABLE] =
        "INSERT OR REPLACE INTO variable(run, name, value, signature) SELECT ?, ?, ?, ? "
        "WHERE EXISTS(SELECT 1 FROM run WHERE id = ? AND epoch = ?)",
    [STATEMENT_VARIABLES] =
        "SELECT name, value, signature FROM variable WHERE run = ? ORDER BY name",
    [STATEMENT_START] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
};

/* ---- errors ---- */

lg_error *database_refuse(const char *path, const char *what)
{
    return lg_error_newf(
        "%s is refused: %s. Nothing in it is run. What its runs left must be cleaned up by "
        "hand; to begin with a new state, move the directory that holds it away",
        path, what);
}

lg_error *statements_tampered(const struct state *state, const char *what)
{
    return database_refuse(state->path, what);
}

/* After an error of the disk, SQLite takes the pages that it could not read for damaged ones. */
static int settled_result(struct state *state, int result)
{
    int kind = result & 0xff;
    state->is_unreadable |= kind == SQLITE_IOERR;
    bool is_wrong = kind == SQLITE_NOTADB || kind == SQLITE_CORRUPT;
    return is_wrong && state->is_unreadable ? SQLITE_IOERR : result;
}

lg_error *database_failure(struct state *state, int result)
{
    int number = 0;
    result = settled_result(state, result);
    switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return &state_busy;
    case SQLITE_NOTADB: return database_refuse(state->path, "it is not a database of lifoguard's");
    case SQLITE_CORRUPT: return database_refuse(state->path, "it is damaged");
    case SQLITE_FULL: return lg_error_new_code(ENOSPC, "%s", state->path);
    case SQLITE_NOMEM: return &lg_error_out_of_memory;
    case SQLITE_IOERR: number = sqlite3_system_errno(state->database); break;
    default: break;
    }
    /* SQLite's own words do not tell a bad disk from a limit (ulimit -f). */
    return number ? lg_error_new_code(number, "%s", state->path)
                  : lg_error_newf("%s: %s", state->path, sqlite3_errstr(result));
}

/* ---- statements ---- */

struct statement statement_begin(struct state *state, enum statement_name name)
{
    struct statement s = {.state = state};
    if (!state->prepared[name])
        s.result = sqlite3_prepare_v3(state->database, texts[name], -1, SQLITE_PREPARE_PERSISTENT,
                                      &state->prepared[name], NULL);
    s.prepared = state->prepared[name];
    return s;
}

static void keep_result(struct statement *s, int result)
{
    if (s->result == SQLITE_OK)
        s->result = result;
}

void statement_number(struct statement *s, int64_t number)
{
    if (s->prepared)
        keep_result(s, sqlite3_bind_int64(s->prepared, ++s->next, number));
}

void statement_text(struct statement *s, const char *text)
{
    if (s->prepared)
        keep_result(s, sqlite3_bind_text(s->prepared, ++s->next, text, -1, SQLITE_TRANSIENT));
}

void statement_blob(struct statement *s, const void *data, size_t size)
{
    if (s->prepared)
        keep_result(s, sqlite3_bind_blob64(s->prepared, ++s->next, data, size, SQLITE_TRANSIENT));
}

void statement_end(struct statement *s)
{
    if (!s->prepared)
        return;
    sqlite3_reset(s->prepared);
    sqlite3_clear_bindings(s->prepared);
}

static int step(struct statement *s)
{
    s->state->waited = 0;
    s->next = 0;
    return s->result == SQLITE_OK ? sqlite3_step(s->prepared) : s->result;
}

static lg_error *run_to_end(struct statement *s)
{
    int result = step(s);
    statement_end(s);
    if (result == SQLITE_DONE)
        return NULL;
    s->state->failed = true;
    return database_failure(s->state, result);
}

/* This pragma does its work when it is prepared. */
static lg_error *wait_for_disk(struct state *state, bool wait)
{
    if (state->hurried == !wait || !sqlite3_get_autocommit(state->database))
        return NULL;
    const char *text = wait ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
    int result = sqlite3_exec(state->database, text, NULL, NULL, NULL);
    if (result != SQLITE_OK)
        return database_failure(state, result);
    state->hurried = !wait;
    return NULL;
}

lg_error *statement_change_soon(struct statement *s)
{
    /* If it cannot be told not to wait, it waits. */
    lg_error_free(wait_for_disk(s->state, false));
    lg_error *err = statement_change(s);
    return lg_error_join(err, wait_for_disk(s->state, true));
}

lg_error *statement_change(struct statement *s)
{
    lg_error *err = run_to_end(s);
    if (!err && sqlite3_changes(s->state->database) == 0) {
        s->state->failed = true;
        return &state_lost;
    }
    return err;
}

lg_error *statement_row(struct statement *s, bool *row)
{
    int result = step(s);
    *row = result == SQLITE_ROW;
    return result == SQLITE_ROW || result == SQLITE_DONE ? NULL
                                                         : database_failure(s->state, result);
}

int64_t statement_take_number(struct statement *s)
{
    return sqlite3_column_int64(s->prepared, s->next++);
}

const char *statement_take_pointer(struct statement *s)
{
    const char *text = (const char *)sqlite3_column_text(s->prepared, s->next++);
    return text ? text : "";
}

void statement_take_text(struct statement *s, char *text, size_t size)
{
    const char *from = statement_take_pointer(s);
    size_t length = strnlen(from, size - 1);
    memcpy(text, from, length);
    text[length] = '\0';
}

const char *statement_take_blob(struct statement *s, size_t *size)
{
    const char *data = sqlite3_column_blob(s->prepared, s->next);
    *size = data ? (size_t)sqlite3_column_bytes(s->prepared, s->next) : 0;
    s->next++;
    return data ? data : "";
}

/* ---- several writes as one ---- */

static lg_error *perform(struct state *state, enum statement_name name)
{
    struct statement s = statement_begin(state, name);
    return run_to_end(&s);
}

lg_error *state_start(struct state *state)
{
    lg_error *err = perform(state, STATEMENT_START);
    state->failed = false;
    return err;
}

lg_error *state_commit(struct state *state)
{
    lg_error *err = NULL;
    if (state->failed)
        err = lg_error_new("an earlier write has failed");
    else
        err = perform(state, STATEMENT_COMMIT);
    /* SQLite itself has rolled back after some failures. */
    if (err && !sqlite3_get_autocommit(state->database))
        lg_error_free(perform(state, STATEMENT_ROLLBACK));
    return err;
}
