/* The names of goroutines in reports. This file calls only functions that a signal handler may call. */
#include <string.h>

#include "error/escape.h"
#include "sched/goroutine.h"
#include "sched/text.h"

static void put_name(struct lgi_text *text, const struct lgi_task *start)
{
    char name[128];
    if (start->name)
        lgi_escape(start->name, name, sizeof(name));
    else
        lgi_escape(start->site->text, name, sizeof(name));
    lgi_text_put_some(text, name, start->name ? strlen(name) : strcspn(name, ","));
}

static void put_began(struct lgi_text *text, const struct lgi_task *start)
{
    if (lgi_is_own_source(start->site->file)) {
        lgi_text_put(text, "started by " LGI_OWN_SOURCE);
    } else {
        lgi_text_put(text, "started at ");
        lgi_text_put(text, start->site->file);
        lgi_text_put(text, ":");
        lgi_text_put_number(text, start->site->line);
        lgi_text_put(text, " in ");
        lgi_text_put(text, start->site->caller);
    }
    if (start->starter) {
        lgi_text_put(text, " by goroutine ");
        lgi_text_put_number(text, start->starter);
    }
}

static void put_who(struct lgi_text *text, const struct lgi_task *start)
{
    lgi_text_put(text, "goroutine ");
    lgi_text_put_number(text, start->id);
    lgi_text_put(text, ", ");
    put_name(text, start);
}

size_t lgi_task_name(const struct lgi_task *start, char *buffer, size_t size)
{
    struct lgi_text text = {buffer, size, 0};
    put_name(&text, start);
    return text.length;
}

size_t lgi_task_describe(const struct lgi_task *start, char *buffer, size_t size)
{
    struct lgi_text text = {buffer, size, 0};
    put_who(&text, start);
    lgi_text_put(&text, ", ");
    put_began(&text, start);
    return text.length;
}

size_t lgi_task_origin(const struct lgi_task *start, char *buffer, size_t size)
{
    struct lgi_text text = {buffer, size, 0};
    put_began(&text, start);
    return text.length;
}

size_t lgi_g_who(const struct lgi_g *g, char *buffer, size_t size)
{
    struct lgi_text text = {buffer, size, 0};
    if (g->start)
        put_who(&text, g->start);
    else
        lgi_text_put(&text, g->is_main ? "main" : "a thread of the program");
    return text.length;
}

size_t lgi_g_describe(const struct lgi_g *g, char *buffer, size_t size)
{
    return g->start ? lgi_task_describe(g->start, buffer, size) : lgi_g_who(g, buffer, size);
}

const char *lg_goroutine_name(void)
{
    struct lgi_g *g = lgi_self();
    if (!g->start)
        return g->is_main ? "main" : "thread";
    if (g->start->name)
        return g->start->name;
    lgi_task_name(g->start, g->name, sizeof(g->name));
    return g->name;
}
