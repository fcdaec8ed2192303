/* Runs the programs in turn, round after round, takes the least of each subject, and writes the results: as
 * JSON, as a table in the README, and as a picture.
 *
 *     report ROUNDS FOLDER NAME=COMMAND…
 *
 * A command prints lines of JSON as bench.h does; its NAME goes before its subjects: "gcc" and
 * "calls_defer_2" make "gcc/calls_defer_2". A NAME that begins with "count-" is run once: what it
 * counts is the same each time. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include <lifoguard/lifoguard.h>

enum { MOST_ROUNDS = 101, MOST_SUBJECTS = 200, MOST_PROGRAMS = 8, MOST_ROWS = 120 };

/* ---- what was measured ---------------------------------------------------------------------------- */

struct subject {
    char name[64];
    double values[MOST_ROUNDS]; /* one for each round */
    int count;
};

struct program {
    char name[16];
    const char *command;
    char compiler[48];
};

static struct subject subjects[MOST_SUBJECTS];
static int subject_count;
static struct program programs[MOST_PROGRAMS];
static int program_count;

static struct subject *find_subject(const char *name)
{
    for (int i = 0; i < subject_count; i++)
        if (strcmp(subjects[i].name, name) == 0)
            return &subjects[i];
    return NULL;
}

static lg_error *add_value(const char *program, const char *what, double value)
{
    char name[sizeof(subjects[0].name)];
    snprintf(name, sizeof(name), "%s/%s", program, what);
    struct subject *s = find_subject(name);
    if (!s) {
        if (subject_count == MOST_SUBJECTS)
            return lg_error_new("too many subjects");
        s = &subjects[subject_count++];
        strcpy(s->name, name);
    }
    if (s->count == MOST_ROUNDS)
        return lg_errorf("%s: measured too often", name);
    s->values[s->count++] = value;
    return NULL;
}

/* What disturbs a measurement only ever adds to it. NAN if there is no such subject: its program was not run. */
static double least(const char *name)
{
    const struct subject *s = find_subject(name);
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

/* What a subject costs over another of the same program. The same code is faster in one process than in the
 * next, by more than such a cost: so the two are compared in each process, and the median counts. */
static double cost(const char *name, const char *by_hand)
{
    const struct subject *s = find_subject(name), *base = find_subject(by_hand);
    double costs[MOST_ROUNDS];
    if (!s || !base)
        return NAN;
    for (int i = 0; i < s->count; i++)
        costs[i] = s->values[i] - base->values[i];
    qsort(costs, (size_t)s->count, sizeof(costs[0]), compare_values);
    return costs[s->count / 2];
}

static void close_program(FILE *output, struct program *program, lg_error **err)
{
    int status = pclose(output);
    if (status != 0)
        *err = lg_error_join(*err, lg_errorf("%s: status %d", program->command, status));
}

static lg_error *run_program(struct program *program)
{
    lg_func (lg_error *, err) {
        FILE *output = popen(program->command, "r");
        if (!output)
            lg_return(lg_errorf("%s: cannot be run", program->command));
        lg_defer(close_program, output, program, &err);

        char line[256], what[48];
        double value;
        while (fgets(line, sizeof(line), output)) {
            if (sscanf(line, "{\"what\": \"%47[^\"]\", \"%*[^\"]\": %lf}", what, &value) == 2) {
                lg_error *problem = add_value(program->name, what, value);
                if (problem)
                    lg_return(problem);
            } else if (sscanf(line, "{\"compiler\": \"%47[^\"]\"}", program->compiler) != 1) {
                lg_return(lg_errorf("%s: not understood: %s", program->command, line));
            }
        }
        lg_return(NULL);
    }
}

static lg_error *run_all(int rounds)
{
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < program_count; i++) {
            if (round > 0 && strncmp(programs[i].name, "count-", 6) == 0)
                continue;
            lg_error *err = run_program(&programs[i]);
            if (err)
                return err;
        }
        fprintf(stderr, "\rround %d of %d", round + 1, rounds);
    }
    fprintf(stderr, "\n");
    return NULL;
}

/* ---- rows ----------------------------------------------------------------------------------------- */

struct row {
    char what[64];
    const char *subject, *peer, *unit;
    double subject_value, peer_value, ratio;
    double target; /* the ratio to reach; 0: none */
    int plotted;
};

static struct row rows[MOST_ROWS];
static int row_count;

/* What the rows now being made are about. */
static char what[64];
static const char *subject, *compiler, *unit;

__attribute__((format(printf, 1, 2))) static void about(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(what, sizeof(what), format, values);
    va_end(values);
}

/* Writes out a subject's name, with the compiler for % and the number for #. */
static const char *full_name(char *to, size_t size, const char *name, int number)
{
    for (size_t length = 0; *name; name++, length = strlen(to)) {
        if (*name == '%')
            snprintf(to + length, size - length, "%s", compiler);
        else if (*name == '#')
            snprintf(to + length, size - length, "%d", number);
        else
            snprintf(to + length, size - length, "%c", *name);
    }
    return to;
}

/* A subject's value; if `by_hand` is not NULL, its cost over that. */
static double value_of(const char *name, const char *by_hand, int number)
{
    char a[64] = "", b[64] = "";
    full_name(a, sizeof(a), name, number);
    return by_hand ? cost(a, full_name(b, sizeof(b), by_hand, number)) : least(a);
}

static void add_row(const char *peer, double subject_value, double peer_value, double target,
                    int plotted)
{
    if (isnan(subject_value) || isnan(peer_value))
        return; /* a program was not run; run.sh has said so */
    if (row_count == MOST_ROWS)
        abort();
    struct row *row = &rows[row_count++];
    strcpy(row->what, what);
    row->subject = subject;
    row->peer = peer;
    row->unit = unit;
    row->subject_value = subject_value;
    row->peer_value = peer_value;
    row->ratio = subject_value / peer_value;
    row->target = target;
    row->plotted = plotted;
}

static void compare(const char *name, const char *peer, const char *peer_name, int n, double target,
                    int plotted)
{
    add_row(peer, value_of(name, NULL, n), value_of(peer_name, NULL, n), target, plotted);
}

static void add_rows(void)
{
    static const int calls[] = {1, 2, 8}, loops[] = {1, 8, 100}, frames[] = {0, 5, 10};

    unit = "instructions";
    about("defer { }, instructions");
    compare("count-%/block_defer", "goto", "count-%/block_goto", 0, 1.02, 1);
    compare("count-%/block_defer", "cleanup attribute", "count-%/block_attribute", 0, 0, 0);
    about("lg_defer × 2, instructions");
    compare("count-%/calls_defer_2", "by hand", "count-%/calls_manual_2", 0, 0, 0);
    about("lg_func, instructions");
    compare("count-%/func_lg", "plain function", "count-%/func_plain", 0, 0, 0);
    unit = "ns";
    about("defer { }, time");
    compare("%/block_defer", "goto", "%/block_goto", 0, 0, 1);
    compare("%/block_defer", "cleanup attribute", "%/block_attribute", 0, 0, 0);
    for (int i = 0; i < 3; i++) {
        int n = calls[i];
        about("lg_defer × %d", n);
        compare("%/calls_defer_#", "by hand", "%/calls_manual_#", n, 0, 0);
        compare("%/calls_defer_#", "cleanup attribute", "%/calls_attribute_#", n, 0, 0);
        compare("%/calls_defer_#", "C++ destructor", "%++/calls_guard_#", n, 0, 0);
        compare("%/calls_defer_#", "Go", "go/calls_defer_#", n, 0, 0);
        about("lg_defer × %d, cost over by hand", n);
        add_row("Go, likewise", value_of("%/calls_defer_#", "%/calls_manual_#", n),
                value_of("go/calls_defer_#", "go/calls_manual_#", n), n == 2 ? 0.5 : 0, 1);
    }
    for (int i = 0; i < 3; i++) {
        int n = loops[i];
        about("scope given %d by a loop", n);
        compare("%/loop_scope_#", "array, by hand", "%/loop_manual_#", n, 0, 0);
        compare("%/loop_scope_#", "C++ vector", "%++/loop_stack_#", n, 0, 0);
        compare("%/loop_scope_#", "Go", "go/loop_defer_#", n, 0, 0);
        about("scope given %d, cost over by hand", n);
        add_row("Go, likewise", value_of("%/loop_scope_#", "%/loop_manual_#", n),
                value_of("go/loop_defer_#", "go/loop_manual_#", n), n == 8 ? 0.1 : 0, 1);
    }
    about("lg_func, nothing deferred");
    compare("%/func_lg", "plain function", "%/func_plain", 0, 0, 1);
    about("lg_func_recovers, nothing deferred");
    compare("%/func_recovers", "plain function", "%/func_plain", 0, 0, 0);
    compare("%/func_recovers", "C++ try", "%++/func_try", 0, 0, 0);
    compare("%/func_recovers", "Go, deferred recover", "go/func_recovers", 0, 0, 1);
    for (int i = 0; i < 3; i++) {
        int n = frames[i];
        about("panic + recover, %d frames", n);
        compare("%/panic_message_#", "C++ throw", "%++/throw_message_#", n, 0.6, 1);
        compare("%/panic_message_#", "Go", "go/panic_message_#", n, 0, 0);
        about("… of a pointer, %d frames", n);
        compare("%/panic_pointer_#", "C++ throw", "%++/throw_pointer_#", n, 0.6, 0);
        about("… with defer { }, %d frames", n);
        compare("%/panic_block_#", "C++ throw", "%++/throw_message_#", n, 0.6, 0);
    }
}

/* ---- where ------------------------------------------------------------------------------------------ */

static char machine[192];
static char compilers[256];
static char date[16];

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
    snprintf(machine, sizeof(machine), "%s, %d processors, %s %.32s", model, cores, names.sysname,
             names.machine);
    for (int i = 0; i < program_count; i++) {
        const struct program *p = &programs[i];
        if (p->compiler[0] && !strstr(compilers, p->compiler)) {
            size_t length = strlen(compilers);
            snprintf(compilers + length, sizeof(compilers) - length, "%s%s", length ? ", " : "",
                     p->compiler);
        }
    }
    time_t now = time(NULL);
    strftime(date, sizeof(date), "%Y-%m-%d", gmtime(&now));
}

/* ---- writing ---------------------------------------------------------------------------------------- */

static void close_written(FILE *file, lg_error **err)
{
    int failed = ferror(file);
    if (fclose(file) != 0 || failed)
        *err = lg_error_join(*err, lg_error_new("the results could not be written"));
}

static lg_error *write_json(const char *path)
{
    lg_func (lg_error *, err) {
        FILE *f = fopen(path, "w");
        if (!f)
            lg_return(lg_errorf("%s: cannot be written", path));
        lg_defer(close_written, f, &err);
        for (int i = 0; i < row_count; i++) {
            const struct row *r = &rows[i];
            fprintf(
                f,
                "%s{\"what\": \"%s\", \"subject\": \"%s\", \"peer\": \"%s\", \"subject_value\": "
                "%.2f, \"peer_value\": %.2f, \"unit\": \"%s\", \"ratio\": %.3f}",
                i == 0 ? "[\n" : ",\n", r->what, r->subject, r->peer, r->subject_value,
                r->peer_value, r->unit, r->ratio);
        }
        fprintf(f, "\n]\n");
        lg_return(NULL);
    }
}

static void write_table(FILE *f)
{
    fprintf(f, "\nMeasured on %s: %s; %s.\n\n", date, machine, compilers);
    fprintf(f, "| what | subject | beside | subject | peer | unit | ratio | to reach |\n"
               "|---|---|---|--:|--:|---|--:|--:|\n");
    for (int i = 0; i < row_count; i++) {
        const struct row *r = &rows[i];
        char target[32] = "";
        /* A cost of nothing or less is noise, and shows nothing. */
        const char *reached = r->subject_value <= 0 ? "?" : r->ratio <= r->target ? "✓" : "✗";
        if (r->target > 0)
            snprintf(target, sizeof(target), "%.2f %s", r->target, reached);
        fprintf(f, "| %s | %s | %s | %.1f | %.1f | %s | %.2f | %s |\n", r->what, r->subject,
                r->peer, r->subject_value, r->peer_value, r->unit, r->ratio, target);
    }
    fputc('\n', f);
}

static char *read_all(const char *path)
{
    FILE *f = fopen(path, "r");
    if (!f)
        return NULL;
    lg_defer(fclose, f);
    if (fseek(f, 0, SEEK_END) != 0)
        return NULL;
    long size = ftell(f);
    char *text = size < 0 ? NULL : malloc((size_t)size + 1);
    rewind(f);
    if (text)
        text[fread(text, 1, (size_t)size, f)] = '\0';
    return text;
}

/* The table goes between two marks in the README. */
static lg_error *write_readme(const char *path)
{
    static const char begin[] = "<!-- results -->\n", end[] = "<!-- end of results -->";

    lg_func (lg_error *, err) {
        char *text = read_all(path);
        lg_defer(free, text);
        char *from = text ? strstr(text, begin) : NULL;
        char *to = from ? strstr(from, end) : NULL;
        if (!to)
            lg_return(lg_errorf("%s: has no place for the results", path));

        FILE *f = fopen(path, "w");
        if (!f)
            lg_return(lg_errorf("%s: cannot be written", path));
        lg_defer(close_written, f, &err);
        fwrite(text, 1, (size_t)(from - text) + strlen(begin), f);
        write_table(f);
        fputs(to, f);
        lg_return(NULL);
    }
}

/* Bars on a logarithmic scale. They start from 1, the peer: to the left is less. */
static lg_error *write_picture(const char *path)
{
    enum { LABEL = 430, WIDTH = 460, BAR = 15, STEP = 21, TOP = 74 };
    static const double lowest = 0.02, highest = 8;
    static const double marks[] = {0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5};
    const double scale = WIDTH / (log(highest) - log(lowest));
    int count = 0;
    for (int i = 0; i < row_count; i++)
        count += rows[i].plotted;
    const int bottom = TOP + count * STEP + 6;

    lg_func (lg_error *, err) {
        FILE *f = fopen(path, "w");
        if (!f)
            lg_return(lg_errorf("%s: cannot be written", path));
        lg_defer(close_written, f, &err);

#define AT(ratio) (LABEL + (log(ratio) - log(lowest)) * scale)
        fprintf(
            f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
            "<text x=\"16\" y=\"24\" font-size=\"16\" font-weight=\"bold\">Lifoguard beside its "
            "peers: less is better</text>\n"
            "<text x=\"16\" y=\"44\" fill=\"#555\">Each bar goes from the peer (1) to Lifoguard; the "
            "red line is what is to be reached. %s, %s.</text>\n",
            LABEL + WIDTH + 70, bottom + 34, machine, date);
        for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
            const double x = AT(marks[i]);
            fprintf(f,
                    "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"%s\"/>"
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#555\">%g</text>\n",
                    x, TOP - 8, x, bottom, marks[i] == 1 ? "#333" : "#ddd", x, bottom + 16,
                    marks[i]);
        }
        int y = TOP;
        for (int i = 0; i < row_count; i++) {
            const struct row *r = &rows[i];
            if (!r->plotted)
                continue;
            double shown = r->ratio < lowest ? lowest : r->ratio > highest ? highest : r->ratio;
            double x = AT(shown), one = AT(1);
            fprintf(f,
                    "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s (%s) / %s</text>"
                    "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>",
                    LABEL - 10, y + 12, r->what, strchr(r->subject, ' ') + 1, r->peer,
                    x < one ? x : one, y, fmax(fabs(one - x), 1), BAR,
                    r->ratio <= 1.005 ? "#3a8f5c" : "#d08a2e");
            if (r->target > 0)
                fprintf(f, "<rect x=\"%.1f\" y=\"%d\" width=\"2\" height=\"%d\" fill=\"#c22\"/>",
                        AT(r->target) - 1, y - 2, BAR + 4);
            fprintf(f, "<text x=\"%d\" y=\"%d\">%.2f</text>\n", LABEL + WIDTH + 14, y + 12,
                    r->ratio);
            y += STEP;
        }
#undef AT
        fprintf(f, "</svg>\n");
        lg_return(NULL);
    }
}

/* ---- the whole -------------------------------------------------------------------------------------- */

static lg_error *report(int rounds, const char *folder)
{
    static const struct {
        const char *name;
        lg_error *(*write)(const char *path);
    } files[] = {
        {"results.json", write_json}, {"README.md", write_readme}, {"results.svg", write_picture}};
    static const char *const each[][2] = {{"gcc", "lifoguard, gcc"}, {"clang", "lifoguard, clang"}};

    lg_func (lg_error *, err) {
        err = run_all(rounds);
        if (err)
            lg_return(err);
        look_around();
        for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
            compiler = each[i][0];
            subject = each[i][1];
            add_rows();
        }
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !err; i++) {
            char path[512];
            snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
            err = files[i].write(path);
        }
        if (!err)
            write_table(stdout);
        lg_return(err);
    }
}

int main(int argc, char **argv)
{
    int rounds = argc > 3 ? atoi(argv[1]) : 0;
    if (rounds < 1 || rounds > MOST_ROUNDS || argc - 3 > MOST_PROGRAMS) {
        fprintf(stderr, "usage: report ROUNDS FOLDER NAME=COMMAND...\n");
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
