/* Runs the programs in turn, round after round, takes the least of each subject, and writes the results: as
 * JSON, as a table in the README, and as a picture.
 *
 *     report ROUNDS FOLDER NAME=COMMAND…       FOLDER `-`: prints the table, and writes nothing
 *     report ROUNDS --against NAME=COMMAND…    NAME `was-gcc`: the same programs as `gcc` of an older commit (against.c)
 *
 * A command prints lines of JSON as bench.h does; its NAME goes before its subjects: "gcc" and
 * "calls_defer_2" make "gcc/calls_defer_2". A NAME that begins with "count-" is run once: what it
 * counts is the same each time. One that begins with "few-" (which is not part of the subjects' names) is run in
 * three rounds: it takes long. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "report.h"

enum { MOST_SUBJECTS = 2048, MOST_PROGRAMS = 128, FEW_ROUNDS = 3 };

static const char few[] = "few-";

/* ---- what was measured ---------------------------------------------------------------------------- */

struct program {
    char name[32];
    const char *command;
    char compiler[48];
};

static struct report_subject subjects[MOST_SUBJECTS];
static int subject_count;
static struct program programs[MOST_PROGRAMS];
static int program_count;

struct report_subject *report_subject(int i)
{
    return i < subject_count ? &subjects[i] : NULL;
}

struct report_subject *report_find(const char *name)
{
    for (int i = 0; i < subject_count; i++)
        if (strcmp(subjects[i].name, name) == 0)
            return &subjects[i];
    return NULL;
}

static lg_error *add_value(const char *program, const char *what, double value)
{
    if (strncmp(program, few, strlen(few)) == 0)
        program += strlen(few);
    char name[REPORT_NAME];
    if (snprintf(name, sizeof(name), "%s/%s", program, what) >= (int)sizeof(name))
        return lg_error_newf("%s/%s: too long a name", program, what);
    struct report_subject *s = report_find(name);
    if (!s) {
        if (subject_count == MOST_SUBJECTS)
            return lg_error_new("too many subjects");
        s = &subjects[subject_count++];
        strcpy(s->name, name);
    }
    if (s->count == REPORT_ROUNDS)
        return lg_error_newf("%s: measured too often", name);
    s->values[s->count++] = value;
    return NULL;
}

/* What disturbs a measurement only ever adds to it. NAN if there is no such subject: its program was not run. */
double report_least(const char *name)
{
    const struct report_subject *s = report_find(name);
    double value = s ? s->values[0] : NAN;
    for (int i = 1; s && i < s->count; i++)
        value = fmin(value, s->values[i]);
    return value;
}

static int compare_values(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double report_median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(values[0]), compare_values);
    return values[count / 2];
}

/* What a subject costs over another of the same program. The same code is faster in one process than in the
 * next, by more than such a cost: so the two are compared in each process, and the median counts. */
double report_cost(const char *name, const char *by_hand)
{
    const struct report_subject *s = report_find(name), *base = report_find(by_hand);
    double costs[REPORT_ROUNDS];
    if (!s || !base)
        return NAN;
    for (int i = 0; i < s->count; i++)
        costs[i] = s->values[i] - base->values[i];
    return report_median(costs, s->count);
}

static void close_program(FILE *output, struct program *program, lg_error **err)
{
    int status = pclose(output);
    if (status != 0)
        *err = lg_error_join(*err, lg_error_newf("%s: status %d", program->command, status));
}

static lg_error *run_program(struct program *program)
{
    lg_func (lg_error *, err) {
        FILE *output = popen(program->command, "r");
        if (!output)
            lg_return(lg_error_newf("%s: cannot be run", program->command));
        lg_defer(close_program, output, program, &err);

        char line[256], what[48];
        double value;
        while (fgets(line, sizeof(line), output)) {
            if (sscanf(line, "{\"what\": \"%47[^\"]\", \"%*[^\"]\": %lf}", what, &value) == 2) {
                lg_error *problem = add_value(program->name, what, value);
                if (problem)
                    lg_return(problem);
            } else if (sscanf(line, "{\"compiler\": \"%47[^\"]\"}", program->compiler) != 1) {
                lg_return(lg_error_newf("%s: not understood: %s", program->command, line));
            }
        }
        lg_return(NULL);
    }
}

static bool left_out(const struct program *program, int round)
{
    const char *counted = strstr(program->name, "count-");
    return (round > 0 && counted) ||
           (round >= FEW_ROUNDS && strncmp(program->name, few, strlen(few)) == 0);
}

/* Every other round backwards, so that a machine that slows down, or recovers, favours nobody. */
static lg_error *run_all(int rounds)
{
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < program_count; i++) {
            struct program *program = &programs[round % 2 ? program_count - 1 - i : i];
            lg_error *err = left_out(program, round) ? NULL : run_program(program);
            if (err)
                return err;
        }
        fprintf(stderr, "\rround %d of %d", round + 1, rounds);
    }
    fprintf(stderr, "\n");
    return NULL;
}

/* ---- where ------------------------------------------------------------------------------------------ */

static struct report_place place;

/* How busy the machine was, and how long it was measured: the reader should know. */
static void describe_run(int rounds)
{
    double load = 0;
    getloadavg(&load, 1);
    snprintf(place.run, sizeof(place.run), "%d rounds, load average %.1f at the end", rounds, load);
}

static void look_around(void)
{
    char line[256], model[128] = "unknown processor";
    struct utsname names;
    int cores = 0;

    FILE *info = fopen("/proc/cpuinfo", "r");
    if (info) {
        lg_defer(fclose, info);
        while (fgets(line, sizeof(line), info)) {
            sscanf(line, "model name : %127[^\n]", model);
            cores += strncmp(line, "processor", 9) == 0;
        }
    }
    uname(&names);
    snprintf(place.machine, sizeof(place.machine), "%s, %d processors, %s %.32s", model, cores,
             names.sysname, names.machine);
    for (int i = 0; i < program_count; i++) {
        const struct program *p = &programs[i];
        if (p->compiler[0] && !strstr(place.compilers, p->compiler)) {
            size_t length = strlen(place.compilers);
            snprintf(place.compilers + length, sizeof(place.compilers) - length, "%s%s",
                     length ? ", " : "", p->compiler);
        }
    }
    time_t now = time(NULL);
    strftime(place.date, sizeof(place.date), "%Y-%m-%d", gmtime(&now));
}

/* ---- the whole -------------------------------------------------------------------------------------- */

static lg_error *report(int rounds, const char *folder)
{
    static const char *const each[][2] = {{"gcc", "lifoguard, gcc"}, {"clang", "lifoguard, clang"}};

    lg_func (lg_error *, err) {
        err = run_all(rounds);
        if (err)
            lg_return(err);
        if (strcmp(folder, "--against") == 0)
            lg_return(report_against());
        look_around();
        describe_run(rounds);
        for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++)
            report_add_rows(each[i][0], each[i][1]);
        lg_return(report_write(&place, folder));
    }
}

int main(int argc, char **argv)
{
    int rounds = argc > 3 ? atoi(argv[1]) : 0;
    if (rounds < 1 || rounds > REPORT_ROUNDS || argc - 3 > MOST_PROGRAMS) {
        fprintf(stderr, "usage: report ROUNDS FOLDER|-|--against NAME=COMMAND...\n");
        return 2;
    }
    for (int i = 3; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        struct program *program = &programs[program_count++];
        if (!equals || (size_t)(equals - argv[i]) >= sizeof(program->name))
            return 2;
        memcpy(program->name, argv[i], (size_t)(equals - argv[i]));
        program->command = equals + 1;
    }
    lg_error *err = report(rounds, argv[2]);
    lg_defer(lg_error_free, err);
    if (err) {
        lg_error_print(err, stderr);
        return 1;
    }
    return 0;
}
