/* How cost grows, as pictures: growth.svg with the size of what is worked on (growth_bench.c), workers.svg with the number of
 * workers. A small panel for each subject, two in a row, so that a phone can show them. */
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST_POINTS = 5,
    LEFT = 10,
    TOP = 92,
    WIDTH = 185,
    HEIGHT = 100,
    STEP_X = 195,
    STEP_Y = 140
};

struct chart {
    const char *file, *heading, *explanation;
    const char *labels[MOST_POINTS]; /* of the points; NULL behind the last */
    bool with_reference;             /* how n log n would grow */
    const char *begin,
        *end; /* of the name of each subject's first point; the title is in between */
    void (*name)(char *to, size_t size, const char *program, const char *title, int point);
};

/* Both in ns; NAN where nothing was measured. */
struct panel {
    char title[REPORT_NAME];
    double mine[MOST_POINTS], go[MOST_POINTS];
};

static int count_points(const struct chart *chart)
{
    int count = 0;
    while (count < MOST_POINTS && chart->labels[count])
        count++;
    return count;
}

/* ---- one panel ---- */

/* Where a panel stands, and the values at its lower and its upper edge. */
struct frame {
    double x, y, least, most;
    int points;
};

static double at_x(const struct frame *f, int i)
{
    return f->x + 12 + (WIDTH - 24) * i / (f->points - 1.0);
}

static double at_y(const struct frame *f, double value)
{
    return f->y + HEIGHT - HEIGHT * log(value / f->least) / log(f->most / f->least);
}

static void extend(struct frame *f, const double *values)
{
    for (int i = 0; i < f->points; i++) {
        if (isnan(values[i]))
            continue;
        f->least = fmin(f->least, values[i] / 1.3);
        f->most = fmax(f->most, values[i] * 1.3);
    }
}

static void draw_line(FILE *file, const struct frame *f, const double *values, const char *style)
{
    fprintf(file, "<polyline fill=\"none\" %s points=\"", style);
    for (int i = 0; i < f->points; i++)
        if (!isnan(values[i]))
            fprintf(file, "%.1f,%.1f ", at_x(f, i), at_y(f, values[i]));
    fprintf(file, "\"/>\n");
}

static void draw_value(FILE *file, const struct frame *f, double value, int i)
{
    if (isnan(value))
        return;
    fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"12\" text-anchor=\"%s\">%.*f</text>\n",
            at_x(f, i) + (i == 0 ? -8 : 8), at_y(f, value) - 5, i == 0 ? "start" : "end",
            value < 100 ? 1 : 0, value);
}

/* What n log n costs for each of n, from the first point on. The sizes are 10^2, 10^3, … */
static void fill_reference(double *reference, double first, int points)
{
    for (int i = 0; i < points; i++)
        reference[i] = first * (i + 2) / 2;
}

static void draw_panel(FILE *file, const struct chart *chart, const struct panel *panel, int number)
{
    double reference[MOST_POINTS];
    struct frame f = {.x = LEFT + number % 2 * STEP_X,
                      .y = TOP + number / 2 * STEP_Y,
                      .least = 1e300,
                      .most = 0,
                      .points = count_points(chart)};
    fill_reference(reference, panel->mine[0], f.points);
    extend(&f, panel->mine);
    extend(&f, panel->go);
    if (chart->with_reference)
        extend(&f, reference);
    fprintf(file,
            "<text x=\"%.1f\" y=\"%.1f\" font-weight=\"bold\">%s</text>\n"
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" fill=\"#f4f4f4\"/>\n",
            f.x, f.y - 4, panel->title, f.x, f.y, WIDTH, HEIGHT);
    if (chart->with_reference)
        draw_line(file, &f, reference, "stroke=\"#c22\" stroke-dasharray=\"4 3\"");
    draw_line(file, &f, panel->go, "stroke=\"#888\" stroke-width=\"2\"");
    draw_line(file, &f, panel->mine, "stroke=\"#3a8f5c\" stroke-width=\"3\"");
    draw_value(file, &f, panel->mine[0], 0);
    draw_value(file, &f, panel->mine[f.points - 1], f.points - 1);
    for (int i = 0; i < f.points; i++)
        fprintf(file,
                "<text x=\"%.1f\" y=\"%.1f\" font-size=\"11\" fill=\"#555\" "
                "text-anchor=\"middle\">%s</text>\n",
                at_x(&f, i), f.y + HEIGHT + 13, chart->labels[i]);
}

/* ---- what was measured ---- */

static void name_of_size(char *to, size_t size, const char *program, const char *title, int point)
{
    snprintf(to, size, "%s-go/grow_%s_%d", program, title, point + 2);
}

static void name_of_workers(char *to, size_t size, const char *program, const char *title,
                            int point)
{
    snprintf(to, size, "%s-on-%d/%s", program, 1 << point, title);
}

static const struct chart charts[] = {
    {.file = "growth.svg",
     .heading = "How cost grows with size",
     .explanation = "ns for one of n; red: as n log n would grow",
     .labels = {"10²", "10³", "10⁴", "10⁵", "10⁶"},
     .with_reference = true,
     .begin = "gcc-go/grow_",
     .end = "_2",
     .name = name_of_size},
    {.file = "workers.svg",
     .heading = "How cost changes with workers",
     .explanation = "ns with 1, 2, 4 and 8 workers",
     .labels = {"1", "2", "4", "8"},
     .begin = "gcc-on-1/",
     .end = "",
     .name = name_of_workers},
};

static void fill(double *values, const struct chart *chart, const char *program, const char *title)
{
    for (int i = 0; i < count_points(chart); i++) {
        char name[2 * REPORT_NAME];
        chart->name(name, sizeof(name), program, title, i);
        values[i] = report_least(name);
    }
}

/* False: the subject is not the first point of a panel of the chart. */
static bool fill_panel(struct panel *panel, const struct chart *chart, const char *subject)
{
    size_t begin = strlen(chart->begin), end = strlen(chart->end), length = strlen(subject);
    if (length < begin + end || strncmp(subject, chart->begin, begin) != 0 ||
        strcmp(subject + length - end, chart->end) != 0)
        return false;
    snprintf(panel->title, sizeof(panel->title), "%.*s", (int)(length - begin - end),
             subject + begin);
    fill(panel->mine, chart, "gcc", panel->title);
    fill(panel->go, chart, "go", panel->title);
    return true;
}

static int count_panels(const struct chart *chart)
{
    struct panel panel;
    const struct report_subject *s;
    int count = 0;
    for (int i = 0; (s = report_subject(i)); i++)
        count += fill_panel(&panel, chart, s->name);
    return count;
}

static void draw(FILE *file, const struct chart *chart, const struct report_place *place)
{
    struct panel panel;
    const struct report_subject *s;
    fprintf(
        file,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 400 %d\" width=\"400\" "
        "font-family=\"sans-serif\" font-size=\"13\">\n"
        "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
        "<text x=\"10\" y=\"24\" font-size=\"17\" font-weight=\"bold\">%s</text>\n"
        "<text x=\"10\" y=\"43\">%s</text>\n"
        "<text x=\"10\" y=\"60\"><tspan fill=\"#3a8f5c\" font-weight=\"bold\">Lifoguard</tspan>, "
        "<tspan fill=\"#888\" font-weight=\"bold\">Go</tspan>, %s</text>\n",
        TOP + (count_panels(chart) + 1) / 2 * STEP_Y, chart->heading, chart->explanation,
        place->date);
    for (int i = 0, number = 0; (s = report_subject(i)); i++)
        if (fill_panel(&panel, chart, s->name))
            draw_panel(file, chart, &panel, number++);
    fprintf(file, "</svg>\n");
}

lg_error *report_write_growth(const struct report_place *place, const char *folder)
{
    for (size_t i = 0; i < sizeof(charts) / sizeof(charts[0]); i++) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", folder, charts[i].file);
        FILE *file = fopen(path, "w");
        if (!file)
            return lg_error_new_errno("%s", path);
        draw(file, &charts[i], place);
        if (fclose(file) != 0)
            return lg_error_new_errno("%s", path);
    }
    return NULL;
}
