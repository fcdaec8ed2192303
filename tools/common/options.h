/* Command lines: `--name VALUE`, `--name=VALUE` and flags, up to the first word that is no option, or `--`. An option may have
 * a letter as well: `-j 4`, `-j4`. */
#ifndef LIFOGUARD_COMMON_OPTIONS_H
#define LIFOGUARD_COMMON_OPTIONS_H

#include <lifoguard/error.h>
#include <lifoguard/time.h>
#include <stdbool.h>
#include <stdint.h>

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_NUMBER, OPTION_DURATION, OPTION_EACH };

struct option {
    const char *name; /* without the dashes, or "j|jobs" for -j and --jobs; NULL ends a table */
    enum option_kind kind;
    void *
        value; /* bool, const char *, int64_t or lg_duration; of OPTION_EACH a pointer to an option_each */
};

/* What is done with each value of an option that may be there several times: `value` points to it. */
typedef void option_each(const char *text);

/* Takes the options off the front of *arguments. What is wrong with them is an error for the user's eyes. */
lg_error *options_take(const struct option *options, char ***arguments)
    __attribute__((__warn_unused_result__));

/* The arguments behind the file that *arguments is, without a `--` before them, which says that they are meant so. Without that, tells of the
 * first one that looks like one of these options. */
char **options_behind(const struct option *options, char **arguments);

/* Where the words end that stand before a `--`: *rest points behind the `--`, which becomes NULL. Without one: NULL. */
char **options_split(char **arguments);

/* KEEP=1 in the environment is --keep. */
bool options_keep_is_wanted(void);

/* --help and its like: prints a text by stdio, and returns the exit status, 0. (Whether everything could be printed, main sees.) */
int print_text(const char *text);

/* Says what is wrong with a command line, frees the error, and returns the exit status for it. */
int wrong_usage(const char *command, lg_error *err);

enum { EXIT_WRONG_USAGE = 125 };

#endif
