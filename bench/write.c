/* The results as JSON, as a table in the README, and as a picture. */
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct report_place place;

static void close_written(FILE *file, lg_error **err)
{
    int failed = ferror(file);
    if (fclose(file) != 0 || failed)
        *err = lg_error_join(*err, lg_error_new("the results could not be written"));
}

enum { RATIO_SIZE = 32 };

/* The peer may need nothing at all; then there is no ratio, and the text is `none`. */
static const char *ratio_text(char text[RATIO_SIZE], const struct row *row, int digits,
                              const char *none)
{
    snprintf(text, RATIO_SIZE, "%.*f", digits, row->ratio);
    return isfinite(row->ratio) ? text : none;
}

static lg_error *write_json(const char *path)
{
    lg_func (lg_error *, err) {
        FILE *f = fopen(path, "w");
        if (!f)
            lg_return(lg_error_newf("%s: cannot be written", path));
        lg_defer(close_written, f, &err);
        for (int i = 0; i < report_row_count; i++) {
            const struct row *r = &report_rows[i];
            char ratio[RATIO_SIZE];
            fprintf(
                f,
                "%s{\"what\": \"%s\", \"subject\": \"%s\", \"peer\": \"%s\", \"subject_value\": "
                "%.2f, \"peer_value\": %.2f, \"unit\": \"%s\", \"ratio\": %s}",
                i == 0 ? "[\n" : ",\n", r->what, r->subject, r->peer, r->subject_value,
                r->peer_value, r->unit, ratio_text(ratio, r, 3, "null"));
        }
        fprintf(f, "\n]\n");
        lg_return(NULL);
    }
}

static void write_table(FILE *f)
{
    fprintf(f, "\nMeasured on %s: %s; %s; %s.\n\n", place.date, place.machine, place.compilers,
            place.run);
    fprintf(f, "| what | subject | beside | subject | peer | unit | ratio | to reach |\n"
               "|---|---|---|--:|--:|---|--:|--:|\n");
    for (int i = 0; i < report_row_count; i++) {
        const struct row *r = &report_rows[i];
        char target[32] = "", ratio[RATIO_SIZE];
        /* A cost of nothing or less is noise, and shows nothing. */
        const char *reached = r->subject_value <= 0 ? "?" : r->ratio <= r->target ? "✓" : "✗";
        if (r->target > 0)
            snprintf(target, sizeof(target), "%.2f %s", r->target, reached);
        fprintf(f, "| %s | %s | %s | %.1f | %.1f | %s | %s | %s |\n", r->what, r->subject, r->peer,
                r->subject_value, r->peer_value, r->unit, ratio_text(ratio, r, 2, "–"), target);
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
            lg_return(lg_error_newf("%s: has no place for the results", path));

        FILE *f = fopen(path, "w");
        if (!f)
            lg_return(lg_error_newf("%s: cannot be written", path));
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
    for (int i = 0; i < report_row_count; i++)
        count += report_rows[i].plotted;
    const int bottom = TOP + count * STEP + 6;

    lg_func (lg_error *, err) {
        FILE *f = fopen(path, "w");
        if (!f)
            lg_return(lg_error_newf("%s: cannot be written", path));
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
            LABEL + WIDTH + 70, bottom + 34, place.machine, place.date);
        for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
            const double x = AT(marks[i]);
            fprintf(f,
                    "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"%s\"/>"
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#555\">%g</text>\n",
                    x, TOP - 8, x, bottom, marks[i] == 1 ? "#333" : "#ddd", x, bottom + 16,
                    marks[i]);
        }
        int y = TOP;
        for (int i = 0; i < report_row_count; i++) {
            const struct row *r = &report_rows[i];
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

lg_error *report_write(const struct report_place *where, const char *folder)
{
    static const struct {
        const char *name;
        lg_error *(*write)(const char *path);
    } files[] = {
        {"results.json", write_json}, {"README.md", write_readme}, {"results.svg", write_picture}};

    place = *where;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && strcmp(folder, "-") != 0; i++) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
        lg_error *err = files[i].write(path);
        if (err)
            return err;
    }
    write_table(stdout);
    return strcmp(folder, "-") == 0 ? NULL : report_write_growth(where, folder);
}
