#include "report/trace.h"

#include <string.h>

#include "defer/pending.h"
#include "error/error_internal.h"
#include "error/escape.h"
#include "report/frames.h"

/* ---- deferred calls ---- */

/* "fclose(file)  main.c:12 in read_all" */
static void print_call(struct lgi_sink *sink, const struct lgi_site *site)
{
    char text[256];
    lgi_call_text(site, text, sizeof(text));
    lgi_print(sink, "%s  %s:%u in %s\n", text, site->file, site->line, site->caller);
}

void lgi_print_calls(struct lgi_sink *sink, const lg_panic_info *panic)
{
    unsigned first = panic->ran_count > LGI_RAN ? panic->ran_count - LGI_RAN : 0;
    bool begun = false;
    for (unsigned i = first; i < panic->ran_count; i++) {
        const struct lgi_site *site = panic->ran[i % LGI_RAN];
        if (lgi_is_own_source(site->file))
            continue;
        if (!begun)
            lgi_print(sink, "deferred calls that it ran, first to last:\n");
        if (!begun && first > 0)
            lgi_print(sink, "    (%u before these)\n", first);
        begun = true;
        lgi_print(sink, "    ");
        print_call(sink, site);
    }
}

void lgi_print_unreached(struct lgi_sink *sink, const lg_panic_info *panic)
{
    for (unsigned i = 0; i < panic->unreached_count && i < LGI_UNREACHED; i++) {
        lgi_print(sink, "    ");
        print_call(sink, panic->unreached[i]);
    }
    if (panic->unreached_count > LGI_UNREACHED)
        lgi_print(sink, "    (%u after these)\n", panic->unreached_count - LGI_UNREACHED);
}

static void print_overrun(struct lgi_sink *sink, const struct lgi_overrun *overrun)
{
    char text[256], took[LG_DURATION_TEXT_SIZE], limit[LG_DURATION_TEXT_SIZE];
    lgi_call_text(overrun->site, text, sizeof(text));
    lg_duration_format(lg_duration_round(overrun->took, LG_MICROSECOND), took, sizeof(took));
    lg_duration_format(overrun->limit, limit, sizeof(limit));
    lgi_print(sink, "    %s  %s:%u in %s: %s, limit %s\n", text, overrun->site->file,
              overrun->site->line, overrun->site->caller, took, limit);
}

void lgi_print_overruns(struct lgi_sink *sink, const lg_panic_info *panic)
{
    bool begun = false;
    for (; panic; panic = panic->previous) {
        unsigned count = panic->overran_count;
        for (unsigned i = count > LGI_OVERRAN ? count - LGI_OVERRAN : 0; i < count; i++) {
            if (!begun)
                lgi_print(sink, "deferred calls that overran their limits:\n");
            begun = true;
            print_overrun(sink, &panic->overran[i % LGI_OVERRAN]);
        }
    }
}

/* ---- panics ---- */

/* The frames in which the panic began, innermost first, without those that unwind; and how many. */
static unsigned frames_of(const lg_panic_info *panic, const uintptr_t **frames)
{
    unsigned first = 0;
    for (unsigned k = 0; k < panic->frame_count; k++) {
        if (panic->frames[k] == (uintptr_t)panic->origin)
            first = k;
    }
    *frames = panic->frames + first;
    return panic->frame_count - first;
}

static void print_place(struct lgi_sink *sink, const lg_panic_info *panic)
{
    const uintptr_t *frames;
    unsigned count = frames_of(panic, &frames);
    if (lgi_is_own_source(panic->file)) /* where the program called the library */
        lgi_print_innermost(sink, frames, count);
    else
        lgi_print(sink, "        at %s:%u\n", panic->file, panic->line);
}

/* Marks each further line of the message, so that none can pass for a line of the report. */
static void print_message(struct lgi_sink *sink, const char *message)
{
    for (;;) {
        size_t length = strcspn(message, "\n");
        lgi_print(sink, "%.*s", (int)length, message);
        if (!message[length] || !message[length + 1])
            return;
        message += length + 1;
        lgi_print(sink, "\n        | ");
    }
}

void lgi_print_panics(struct lgi_sink *sink, const lg_panic_info *panic)
{
    if (!panic)
        return;
    lgi_print_panics(sink, panic->previous);
    lgi_print(sink, "%spanic: ", panic->previous ? "    then " : "");
    print_message(sink, panic->message);
    lgi_print(sink, "%s\n", panic->recovered ? " [recovered]" : "");
    print_place(sink, panic);
    for (const lg_error *e = panic->abandoned; e; e = lgi_error_linked(e)) {
        char text[512];
        lg_error_format(e, text, sizeof(text));
        lgi_print(sink, "        abandoned by it: %s\n", text);
    }
}

void lgi_print_stack(struct lgi_sink *sink, const lg_panic_info *panic)
{
    const uintptr_t *frames;
    unsigned count = frames_of(panic, &frames);
    if (count == 0)
        return;
    lgi_print(sink, "stack:\n");
    lgi_print_addresses(sink, frames, count, panic->frame_count == LGI_FRAMES);
}
