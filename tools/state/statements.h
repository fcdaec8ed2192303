/* SQLite, for state.c only: the database file, its checks, and the statements, each prepared once. */
#ifndef LIFOGUARD_STATE_STATEMENTS_H
#define LIFOGUARD_STATE_STATEMENTS_H

#include "sign.h"
#include "state.h"

#include <sqlite3.h>

enum statement_name {
    STATEMENT_BEGIN_RUN,
    STATEMENT_TAKE_RUN,
    STATEMENT_SET_PHASE,
    STATEMENT_FORGET_RUN,
    STATEMENT_RUNS,
    STATEMENT_ADD_CLEANUP,
    STATEMENT_MOVE_CLEANUP,
    STATEMENT_DELETE_CLEANUP,
    STATEMENT_CLEANUPS,
    STATEMENT_SET_VARIABLE,
    STATEMENT_VARIABLES,
    STATEMENT_START,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_COUNT
};

/* Opens the database of a state directory, or makes it. All checks but those of the signatures. */
lg_error *statements_open(const char *place, struct state **state)
    __attribute__((__warn_unused_result__));

const struct sign_key *statements_key(const struct state *state);

/* An error that refuses the whole state, and says what to do. */
lg_error *statements_tampered(const struct state *state, const char *what);

/* One use of a statement. Parameters are bound, and columns taken, in their order. */
struct statement {
    struct state *state;
    sqlite3_stmt *prepared;
    int result; /* the first failure, or SQLITE_OK */
    int next;
};

struct statement statement_begin(struct state *state, enum statement_name name);
void statement_number(struct statement *s, int64_t number);
void statement_text(struct statement *s, const char *text);
void statement_blob(struct statement *s, const void *data, size_t size);

/* Runs it to its end. &state_lost: no row was changed, though every statement is to change one. */
lg_error *statement_change(struct statement *s) __attribute__((__warn_unused_result__));

/* The same, without waiting for the disk: for what means nothing after a power cut. The next change that waits takes it along. */
lg_error *statement_change_soon(struct statement *s) __attribute__((__warn_unused_result__));

/* Goes to the next row, if there is one. After the last, or an error, or when not all rows are wanted: statement_end. */
lg_error *statement_row(struct statement *s, bool *row) __attribute__((__warn_unused_result__));
int64_t statement_take_number(struct statement *s);
void statement_take_text(struct statement *s, char *text, size_t size);
const char *statement_take_pointer(struct statement *s);
const char *statement_take_blob(struct statement *s, size_t *size);
void statement_end(struct statement *s);

#endif
