/* Two commits, side by side. The programs of both run in turn, in the same minutes; of each subject the least values are
 * compared, and the values of each round. A subject has become worse if both say so: a machine with other work to do
 * disturbs a round, and code that comes to lie elsewhere changes the least value of few rounds. */
#include "report.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const double worse = 1.10;
static const char was[] = "was-";

struct change {
    double before, now, least, median; /* the last two: now over before */
};

static double median_ratio(const struct report_subject *before, const struct report_subject *now)
{
    double ratios[REPORT_ROUNDS];
    int count = before->count < now->count ? before->count : now->count;
    for (int i = 0; i < count; i++)
        ratios[i] = now->values[i] / before->values[i];
    return report_median(ratios, count);
}

/* "was-gcc-go/mutex" stands beside "gcc-go/mutex", "count-was-gcc/…" beside "count-gcc/…". False: today's is not there. */
static bool look_up(const struct report_subject *before, struct change *change)
{
    const char *mark = strstr(before->name, was);
    char name[REPORT_NAME];
    snprintf(name, sizeof(name), "%.*s%s", (int)(mark - before->name), before->name,
             mark + strlen(was));
    const struct report_subject *now = report_find(name);
    if (!now)
        return false;
    change->before = report_least(before->name);
    change->now = report_least(name);
    change->least = change->now / change->before;
    change->median = median_ratio(before, now);
    return true;
}

lg_error *report_against(void)
{
    int became_worse = 0;
    const struct report_subject *before;
    printf("%-40s %12s %12s %7s %7s\n", "subject", "before", "now", "ratio", "median");
    for (int i = 0; (before = report_subject(i)); i++) {
        struct change change;
        if (!strstr(before->name, was) || !look_up(before, &change))
            continue;
        bool named = change.least > worse && change.median > worse;
        const char *note = named                                                   ? "  WORSE"
                           : change.least < 1 / worse && change.median < 1 / worse ? "  better"
                                                                                   : "";
        became_worse += named;
        printf("%-40s %12.2f %12.2f %7.3f %7.3f%s\n", before->name, change.before, change.now,
               change.least, change.median, note);
    }
    fflush(stdout); /* before what goes to stderr */
    if (became_worse == 0)
        return NULL;
    return lg_error_newf("%d rows are worse by more than %.0f %%", became_worse, (worse - 1) * 100);
}
