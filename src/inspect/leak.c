/* Goroutines that should have ended. */
#include <lifoguard/go.h>

#include "inspect/leak.h"
#include "sched/runtime.h"

/* Takes out those that were there before, and the caller. */
static void keep_new(struct lgi_snapshot *now, const struct lgi_snapshot *before)
{
    uint64_t self = lg_goroutine_id();
    size_t kept = 0, k = 0, old = before ? before->count : 0;
    for (size_t i = 0; i < now->count; i++) {
        uint64_t id = now->entries[i].id;
        while (k < old && before->entries[k].id < id)
            k++;
        if (id != self && !(k < old && before->entries[k].id == id))
            now->entries[kept++] = now->entries[i];
    }
    now->count = kept;
}

static lg_error *name_them(const struct lgi_snapshot *snapshot)
{
    lg_error *error = NULL;
    for (size_t i = 0; i < snapshot->count; i++) {
        char text[512];
        lgi_entry_describe(&snapshot->entries[i], text, sizeof(text));
        error = lg_error_join(error, lg_error_newf("leaked: %s", text));
    }
    return error;
}

lg_error *lgi_check_leaks(const struct lgi_snapshot *before, lg_duration grace)
{
    enum { FIRST_US = 50, LAST_MS = 10 };
    lg_duration end = lg_until_timeout(grace).lgi_deadline, pause = FIRST_US * LG_MICROSECOND;
    for (;;) {
        struct lgi_snapshot now __attribute__((cleanup(lgi_snapshot_free)));
        if (!lgi_snapshot_take(&now))
            return &lg_error_out_of_memory;
        keep_new(&now, before);
        if (now.count == 0 || lg_now() >= end)
            return name_them(&now);
        lg_sleep(pause);
        if (pause < LAST_MS * LG_MILLISECOND)
            pause *= 2;
    }
}

lg_error *lg_goroutine_check_leaks(lg_duration grace)
{
    return lgi_check_leaks(NULL, grace);
}
