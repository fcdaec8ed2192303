/* What was measured, as rows of a table: a subject beside a peer. */
#ifndef LIFOGUARD_BENCH_REPORT_H
#define LIFOGUARD_BENCH_REPORT_H

#include <lifoguard/lifoguard.h>

/* ---- report.c: what was measured ---- */

enum { REPORT_ROUNDS = 101, REPORT_NAME = 64 };

struct report_subject {
    char name[REPORT_NAME];
    double values[REPORT_ROUNDS]; /* one for each round */
    int count;
};

struct report_subject *report_subject(int i); /* NULL behind the last */
struct report_subject *report_find(const char *name);

double report_median(double *values, int count); /* sorts them */

/* The least value of a subject, "gcc/calls_defer_2"; NAN if its program was not run. */
double report_least(const char *name);

/* What a subject costs over another of the same program, NAN likewise. */
double report_cost(const char *name, const char *by_hand);

/* ---- against.c ---- */

/* Prints what the programs of an older commit, "was-…", measured beside today's, and names what has become worse:
 * then that is the error. */
lg_error *report_against(void);

/* ---- rows.c ---- */

struct row {
    char what[64];
    const char *subject, *peer, *unit;
    double subject_value, peer_value, ratio;
    double target; /* the ratio to reach; 0: none */
    int plotted;
};

extern struct row report_rows[];
extern int report_row_count;

/* Those about what `compiler` made: a "%" in a subject's name stands for it. */
void report_add_rows(const char *compiler, const char *subject);

/* ---- write.c ---- */

/* Where, when and how it was measured. */
struct report_place {
    char machine[192];
    char compilers[256];
    char date[16];
    char run[64];
};

/* Writes results.json, README.md's table and results.svg in `folder` (not if that is "-"), and the table to stdout. */
lg_error *report_write(const struct report_place *place, const char *folder);

/* ---- growth.c ---- */

/* Writes growth.svg and workers.svg in `folder`. */
lg_error *report_write_growth(const struct report_place *place, const char *folder);

#endif
