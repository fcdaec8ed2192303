/* A constructor that fails half-way releases what it has acquired; one that succeeds hands everything over to the object,
 * whole and in order (D17). The destructor is one line, and a step that is added to the constructor is added to nothing
 * else. docs/constructors.md shows the same with goto. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

struct journal {
    char *name;
    FILE *log;
    int lock;
    lg_cleanups cleanups;
};

static void journal_free(struct journal *journal)
{
    if (journal)
        lg_cleanups_run(&journal->cleanups); /* the last call frees the journal itself */
}

static lg_error *out_of_memory(void)
{
    return lg_error_wrap(&lg_error_out_of_memory, "make a journal");
}

static lg_error *journal_new(const char *name, const char *log, struct journal **result)
{
    lg_func (lg_error *, err) {
        lg_scope(undo);
        struct journal *journal = lg_adopt(&undo, (struct journal *)calloc(1, sizeof(*journal)),
                                           free);
        if (!journal || !(journal->name = lg_adopt(&undo, strdup(name), free)))
            lg_return(out_of_memory());
        lg_try(lg_adopt_errno(&undo, &journal->log, fopen(log, "w"), fclose, "open %s", log));
        lg_try(lg_adopt_fd(&undo, &journal->lock, dup(fileno(journal->log)), NULL, "a lock of %s",
                           log));
        lg_defer_in(&undo, puts, "the journal is closed");

        lg_move(&undo, &journal->cleanups); /* whole from here on */
        *result = journal;
    }
}

static lg_error *use(const char *log)
{
    lg_func (lg_error *, err) {
        struct journal *journal = NULL;
        lg_try(journal_new("main", log, &journal));
        lg_defer(journal_free, journal);
        lg_defer_block {
            printf("%s holds %zu calls\n", journal->name, lg_cleanups_count(&journal->cleanups));
        }
    }
}

int main(void)
{
    lg_error *err = use("/dev/null");
    if (!err)
        err = use("/nowhere/log");
    bool expected = lg_error_is_errno(err, ENOENT);
    lg_error_print(err, expected ? stdout : stderr);
    lg_error_free(err);
    return expected ? 0 : 1;
}
