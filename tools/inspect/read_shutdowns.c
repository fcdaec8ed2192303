/* The stages of shutdowns that are still to be stopped. */
#include "buffer.h"
#include "report.h"
#include "texts.h"

#include <string.h>

struct reading {
    struct report *report;
    struct target *target;
    const struct lgi_shutdown_layout *layout;
    size_t shutdown; /* the how-manieth */
};

static void add_stage(struct reading *r, uint64_t node)
{
    const struct lgi_shutdown_layout *layout = r->layout;
    struct report *report = r->report;
    uint64_t stage = target_word(r->target, node + layout->node_stage);
    uint64_t name = target_word(r->target, node + layout->node_name);
    uint32_t outcome = target_number(r->target, stage + layout->stage_outcome, sizeof(outcome));
    if (!stage || (outcome != layout->outcome_waiting && outcome != layout->outcome_stopping))
        return;
    report->stages = need_memory(report->stages,
                                 (report->stage_count + 1) * sizeof(*report->stages));
    report->stages[report->stage_count++] = (struct stage){.name = texts_at(report->texts, name),
                                                           .shutdown = r->shutdown,
                                                           .stopping = outcome ==
                                                                       layout->outcome_stopping};
}

static void read_shutdown(struct reading *r, uint64_t shutdown)
{
    enum { MOST = 1 << 16 };
    const struct lgi_shutdown_layout *layout = r->layout;
    uint64_t nodes = target_word(r->target, shutdown + layout->nodes);
    uint64_t count = target_word(r->target, shutdown + layout->count);
    r->shutdown++;
    while (nodes && count <= MOST && count > 0)
        add_stage(r, nodes + --count * layout->node_size);
}

void report_read_shutdowns(struct report *report, struct target *target, const struct copy *copy)
{
    enum { MOST = 1 << 10 };
    struct reading r = {.report = report, .target = target, .layout = &copy->shutdowns};
    uint64_t link = target_word(target, (uint64_t)(uintptr_t)r.layout->all);
    for (int i = 0; link && i < MOST; i++) {
        read_shutdown(&r, link - r.layout->link);
        link = target_word(target, link);
    }
}
