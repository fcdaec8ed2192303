/* What the name of a function says about what it does. */
#ifndef VET_NAMES_H
#define VET_NAMES_H

#include <stdbool.h>

/* Is `word` one of the words that the name is made of? `FooClose`, `foo_close`, `FOO_CLOSE` have the word "close". */
bool name_has(const char *name, const char *word);
/* … of a list that ends with NULL. */
bool name_has_any(const char *name, const char *const *words);
/* Whatever the case of the letters. */
bool name_starts_with(const char *name, const char *start);
bool name_ends_with(const char *name, const char *end);

bool name_is_constant(const char *name);   /* ALL_CAPITALS */
bool name_is_predicate(const char *name);  /* is_x, has_x: the same answer for the same arguments */
bool name_never_returns(const char *name); /* exit, abort, die, usage … */
int name_leaves(const char *name);         /* a macro that returns: 2 always, 1 perhaps */
bool name_is_likely(const char *name);
bool name_asserts(const char *name); /* assert and its kin: what follows holds */

/* How surely does its name say that it gives up what its argument owns? 2: free, close, unref, destroy …;
 * 1: stop, cancel, remove, reset …; 0: no. */
int name_releases(const char *name);
bool name_only_releases(const char *name); /* free, release, destroy, unref, close: nothing else */
bool name_only_frees(const char *name);    /* free, destroy, unref, release: not close */
bool name_acquires(const char *name);      /* new, create, open, alloc, get, dup … */
bool name_frees(const char *name);         /* free, fclose, destroy: afterwards nothing is left */
bool name_destroys(const char *name);      /* … and its last word says so: foo_free, foo_destroy */
bool name_is_status(const char *name);     /* rc, err, status … */
bool name_counts(const char *name);        /* unref, put: others may hold references too */
bool name_gets(const char *name);          /* get, find, lookup, next: perhaps a loan */
bool name_constructs(const char *name);    /* new, create, open, dup: its result is owned */
bool name_makes(const char *name);         /* … surely: new, create, alloc, open, dup, clone */
bool name_keeps(
    const char *name); /* add, push, register, set, attach …: the callee keeps its argument */
bool name_transfers_data(const char *name); /* read, receive, poll …: it uses a descriptor */
bool name_works_on(const char *name);       /* … and more: parse, load, serve, handle, copy … */
bool name_gives(const char *name);          /* … surely: take, consume, adopt, steal, fdopen */
/* X509_add0(list, x), as OpenSSL calls what takes x unless it fails. */
bool name_takes_on_success(const char *name);
bool name_hands_over(const char *name); /* … whichever argument it is: g_list_concat, read_async */
bool name_unlocks(const char *name);
bool name_locks_file(
    const char *name); /* flock or lockf, with what it was asked for: "flock LOCK_EX" */
bool name_locks(const char *name);
int name_trylocks(
    const char *name); /* 1: it returns 0 if the lock is not taken, -1: if it is taken; 0: no */
bool name_tries_lock(
    const char *name); /* another trylock: it depends on the project which result says so */
bool name_nests(const char *name); /* a lock that the same thread may take more than once */
/* Does a named result, as NGX_ERROR or CURLE_OK, say that a function failed (-1) or succeeded (1)? */
int name_means(const char *symbol);
/* A symbol whose name says that it is the result of a failure, and so no zero. */
bool name_means_nonzero(const char *symbol);
bool name_means_zero(const char *symbol);   /* CURLE_OK, PAM_SUCCESS: mostly zero */
bool name_means_failure(const char *label); /* err, fail, error, bad … */

#endif
