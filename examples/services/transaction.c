/* Money moves from one account to another, in a database that survives anything.
 *
 *     transaction DATABASE create ACCOUNTS       each with 100
 *     transaction DATABASE move FROM TO AMOUNT [panic]
 *     transaction DATABASE churn TIMES SEED      random moves, to be killed at any moment
 *     transaction DATABASE sum
 *     transaction DATABASE sum-in-the-wrong-order
 *
 * The rollback is deferred as soon as the transaction has begun. It does nothing after the commit; on every other way
 * out, by an error, a panic, whatever comes, it runs, before the connection is closed. That a process which is
 * killed leaves nothing half done is SQLite's doing: it rolls back what it finds at the next opening. */
#include <errno.h>
#include <lifoguard/lifoguard.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

static lg_error *sqlite_error(sqlite3 *db, const char *what)
{
    return lg_error_newf("%s: %s", what, db ? sqlite3_errmsg(db) : "out of memory");
}

/* ---- what is opened, and how it is closed ---- */

static void close_database(sqlite3 *db, lg_error **result)
{
    if (sqlite3_close(db) != SQLITE_OK) /* never with statements left: see the wrong order below */
        lg_error_join_into(result, sqlite_error(db, "close"));
}

static lg_error *open_database(const char *path, sqlite3 **db)
{
    int status = sqlite3_open(path, db);
    if (status == SQLITE_OK)
        status = sqlite3_busy_timeout(*db, 5000);
    if (status == SQLITE_OK)
        return NULL;
    lg_error *err = sqlite_error(*db, path);
    sqlite3_close(*db); /* it has to be, after a failure too */
    *db = NULL;
    return err;
}

static lg_error *prepare(sqlite3 *db, const char *sql, sqlite3_stmt **statement)
{
    if (sqlite3_prepare_v2(db, sql, -1, statement, NULL) != SQLITE_OK)
        return sqlite_error(db, sql);
    return NULL;
}

static lg_error *run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? NULL : sqlite_error(db, sql);
}

/* ---- the transaction ---- */

/* After a commit, or a failure after which SQLite has rolled back itself, nothing is open. */
static void rollback(sqlite3 *db, lg_error **result)
{
    if (!sqlite3_get_autocommit(db))
        lg_error_join_into(result, run(db, "ROLLBACK"));
}

static lg_error *add_to(sqlite3 *db, int account, int amount)
{
    lg_func (lg_error *, err) {
        sqlite3_stmt *update;
        err = prepare(db, "UPDATE account SET balance = balance + ?1 WHERE id = ?2", &update);
        if (err)
            lg_return(err);
        lg_defer(sqlite3_finalize, update);
        sqlite3_bind_int(update, 1, amount);
        sqlite3_bind_int(update, 2, account);
        if (sqlite3_step(update) != SQLITE_DONE)
            lg_return(sqlite_error(db, "update"));
        if (sqlite3_changes(db) != 1)
            lg_return(lg_error_newf("there is no account %d", account));
        lg_return(NULL);
    }
}

static lg_error *move(sqlite3 *db, int from, int to, int amount, bool panics)
{
    lg_func (lg_error *, err) {
        err = run(db, "BEGIN IMMEDIATE");
        if (err)
            lg_return(err);
        lg_defer(rollback, db, &err);

        err = add_to(db, from, -amount);
        if (!err && panics)
            lg_panic("the money has left account %d, and has not come to %d", from, to);
        if (!err)
            err = add_to(db, to, amount);
        if (!err)
            err = run(db, "COMMIT");
        lg_return(err);
    }
}

/* ---- what the program can do ---- */

static lg_error *create(sqlite3 *db, int accounts)
{
    lg_func (lg_error *, err) {
        err = run(db, "BEGIN IMMEDIATE");
        if (err)
            lg_return(err);
        lg_defer(rollback, db, &err);
        err = run(db, "CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL "
                      "CHECK (balance >= 0))");
        for (int i = 1; i <= accounts && !err; i++)
            err = run(db, "INSERT INTO account (balance) VALUES (100)");
        if (!err)
            err = run(db, "COMMIT");
        lg_return(err);
    }
}

static lg_error *count_accounts(sqlite3 *db, int *accounts)
{
    lg_func (lg_error *, err) {
        sqlite3_stmt *query;
        err = prepare(db, "SELECT count(*) FROM account", &query);
        if (err)
            lg_return(err);
        lg_defer(sqlite3_finalize, query);
        if (sqlite3_step(query) != SQLITE_ROW)
            lg_return(sqlite_error(db, "count"));
        *accounts = sqlite3_column_int(query, 0);
        lg_return(NULL);
    }
}

/* A move that the CHECK refuses is rolled back, and the next one made. */
static lg_error *churn(sqlite3 *db, int times, unsigned seed)
{
    int accounts = 0;
    lg_error *err = count_accounts(db, &accounts);
    srandom(seed);
    for (int i = 0; i < times && !err; i++) {
        int from = 1 + (int)(random() % accounts), to = 1 + (int)(random() % accounts);
        lg_error *refused = move(db, from, to, (int)(random() % 60), false);
        lg_error_free(refused);
    }
    return err;
}

static lg_error *print_sum(sqlite3_stmt *query)
{
    if (printf("%d\n", sqlite3_column_int(query, 0)) < 0 || fflush(stdout) != 0)
        return lg_error_new_errno("print the sum");
    return NULL;
}

static lg_error *sum(const char *path)
{
    lg_func (lg_error *, err) {
        sqlite3 *db;
        sqlite3_stmt *query;
        err = open_database(path, &db);
        if (err)
            lg_return(err);
        lg_defer(close_database, db, &err);
        err = prepare(db, "SELECT sum(balance) FROM account", &query);
        if (err)
            lg_return(err);
        lg_defer(sqlite3_finalize, query);
        if (sqlite3_step(query) != SQLITE_ROW)
            lg_return(sqlite_error(db, "sum"));
        lg_return(print_sum(query));
    }
}

/* WRONG: the connection's close is deferred last, so it runs first, while the statement is still there. SQLite refuses,
 * and the connection, with its descriptor and its locks, stays open until the process ends. */
static lg_error *sum_in_the_wrong_order(const char *path)
{
    lg_func (lg_error *, err) {
        sqlite3 *db;
        sqlite3_stmt *query;
        err = open_database(path, &db);
        if (err)
            lg_return(err);
        err = prepare(db, "SELECT sum(balance) FROM account", &query);
        lg_defer(sqlite3_finalize, query);
        lg_defer(close_database, db, &err);
        if (!err && sqlite3_step(query) != SQLITE_ROW)
            err = sqlite_error(db, "sum");
        if (!err)
            err = print_sum(query);
        lg_return(err);
    }
}

static lg_error *change(const char *path, int argc, char **argv)
{
    lg_func (lg_error *, err) {
        sqlite3 *db;
        err = open_database(path, &db);
        if (err)
            lg_return(err);
        lg_defer(close_database, db, &err);
        if (argc == 2 && strcmp(argv[0], "create") == 0)
            lg_return(create(db, (int)strtol(argv[1], NULL, 10)));
        if (argc == 3 && strcmp(argv[0], "churn") == 0)
            lg_return(
                churn(db, (int)strtol(argv[1], NULL, 10), (unsigned)strtoul(argv[2], NULL, 10)));
        if (argc >= 4 && strcmp(argv[0], "move") == 0)
            lg_return(move(db, (int)strtol(argv[1], NULL, 10), (int)strtol(argv[2], NULL, 10),
                           (int)strtol(argv[3], NULL, 10),
                           argc == 5 && strcmp(argv[4], "panic") == 0));
        lg_return(lg_error_newf("%s with %d arguments is nothing that this program does", argv[0],
                                argc - 1));
    }
}

int main(int argc, char **argv)
{
    lg_error *err;
    if (argc < 3) {
        fprintf(stderr, "usage: transaction DATABASE create|move|churn|sum ARGUMENT...\n");
        return 2;
    }
    if (strcmp(argv[2], "sum") == 0)
        err = sum(argv[1]);
    else if (strcmp(argv[2], "sum-in-the-wrong-order") == 0)
        err = sum_in_the_wrong_order(argv[1]);
    else
        err = change(argv[1], argc - 2, argv + 2);
    if (!err)
        return 0;
    lg_error_print(err, stderr);
    lg_error_free(err);
    return 1;
}
