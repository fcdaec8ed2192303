/* What was measured, as rows of a table: a subject beside a peer. */
#ifndef LIFOGUARD_BENCH_REPORT_H
#define LIFOGUARD_BENCH_REPORT_H

#include <lifoguard/lifoguard.h>

/* ---- report.c: what was measured ---- */

/* The least value of a subject, "gcc/calls_defer_2"; NAN if its program was not run. */
double report_least(const char *name);

/* What a subject costs over another of the same program, NAN likewise. */
double report_cost(const char *name, const char *by_hand);

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

/* Where and when it was measured. */
struct report_place {
    char machine[192];
    char compilers[256];
    char date[16];
};

/* Writes results.json, README.md's table and results.svg in `folder`, and the table to stdout. */
lg_error *report_write(const struct report_place *place, const char *folder);

#endif
