/* The database behind a state, for statements.c and opening.c only. */
#ifndef LIFOGUARD_STATE_DATABASE_H
#define LIFOGUARD_STATE_DATABASE_H

#include "statements.h"

struct state {
    sqlite3 *database;
    char *path;
    struct sign_key key;
    int waited;
    bool hurried; /* the database does not wait for the disk, for one statement */
    bool failed;  /* a write since state_start has failed */
    bool
        is_unreadable; /* the disk has failed: what SQLite reads from here on says nothing about the database */
    sqlite3_stmt *prepared[STATEMENT_COUNT];
};

/* An error that refuses a state, and says what to do. */
lg_error *database_refuse(const char *path, const char *what);

/* The error that a result of SQLite's stands for. */
lg_error *database_failure(struct state *state, int result);

#endif
