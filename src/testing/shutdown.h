/* For this room's tests: stages that behave in a given way, and note it in the trace. */
#ifndef LGI_TESTING_SHUTDOWN_H
#define LGI_TESTING_SHUTDOWN_H

#include "testing/test.h"

#include <lifoguard/shutdown.h>
#include <semaphore.h>

#define MS LG_MILLISECOND

/* The same numbers for the same seed, everywhere. */
static uint64_t random_state;

static inline void random_seed(unsigned seed)
{
    random_state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static inline int random_below(int limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return limit > 0 ? (int)((random_state >> 16) % (unsigned)limit) : 0;
}

/* Machines may have other things to do. */
#define SOON (300 * LG_SECOND)

/* A time that a quick thing surely takes less than: longer in Valgrind, and with a sanitizer. */
static inline lg_duration while_quick(lg_duration duration)
{
#if defined(HAS_SANITIZER)
    return 4 * duration;
#else
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded && strstr(preloaded, "vgpreload") ? 20 * duration : duration;
#endif
}

/* ThreadSanitizer hands signals out late: at the next call of the C library that it knows. */
#if defined(HAS_TSAN)
#define SIGNALS_COME_LATE 1
#else
#define SIGNALS_COME_LATE 0
#endif

/* In real time: allowed in a child after fork. */
static inline void nap(lg_duration duration)
{
    struct timespec time = {duration / LG_SECOND, duration % LG_SECOND};
    if (lg_test_is_virtual())
        lg_sleep(duration);
    while (!lg_test_is_virtual() && nanosleep(&time, &time) != 0)
        ;
}

/* What stages have noted, who may still be running when it is looked at. */
static pthread_mutex_t acts_lock = PTHREAD_MUTEX_INITIALIZER;
static char acts_text[1024];

static inline void note_act(const char *word)
{
    pthread_mutex_lock(&acts_lock);
    size_t used = strlen(acts_text);
    snprintf(acts_text + used, sizeof(acts_text) - used, "%s%s", used ? " " : "", word);
    pthread_mutex_unlock(&acts_lock);
}

static inline void copy_acts(char text[static 1024])
{
    pthread_mutex_lock(&acts_lock);
    memcpy(text, acts_text, sizeof(acts_text));
    pthread_mutex_unlock(&acts_lock);
}

static inline void clear_acts(void)
{
    pthread_mutex_lock(&acts_lock);
    acts_text[0] = '\0';
    pthread_mutex_unlock(&acts_lock);
}

/* One that overran may not even have begun to run when the next one does: its word may come late. */
#define expect_acts(expected)                                                                      \
    do {                                                                                           \
        char acts_[1024];                                                                          \
        copy_acts(acts_);                                                                          \
        for (int tries_ = 0; tries_ < 150000 && strcmp(acts_, expected) != 0; tries_++) {          \
            nap(2 * MS);                                                                           \
            copy_acts(acts_);                                                                      \
        }                                                                                          \
        ck_assert_str_eq(acts_, expected);                                                         \
        clear_acts();                                                                              \
    } while (0)

enum behaviour { QUICK, FAILS, PANICS, GOES, OBEYS, DEAF, NAPS };

struct act {
    const char *name;
    enum behaviour behaviour;
    lg_duration nap;
    lg_semaphore *gate; /* DEAF waits for it */
};

static inline lg_error *act_stop(void *argument, const lg_context *context)
{
    const struct act *act = argument;
    note_act(act->name);
    switch (act->behaviour) {
    case QUICK: break;
    case FAILS: return lg_error_newf("%s failed", act->name);
    case PANICS: lg_panic("%s panicked", act->name);
    case GOES: lg_goexit();
    case OBEYS: lg_context_wait(context); return lg_context_error(context);
    case DEAF: lg_semaphore_acquire(act->gate, 1); break;
    case NAPS: nap(act->nap); break;
    }
    return NULL;
}

static inline void ok(lg_error *err)
{
    if (err) {
        char *text = lg_error_text(err);
        ck_abort_msg("%s", text);
    }
}

static inline lg_shutdown *new_shutdown(lg_shutdown_options options)
{
    lg_shutdown *s;
    ok(lg_shutdown_new(&s, &options));
    ck_assert_ptr_nonnull(s);
    return s;
}

static inline void add_act(lg_shutdown *s, struct act *act, lg_duration limit)
{
    ok(lg_shutdown_add(
        s, &(lg_stage){.name = act->name, .stop = act_stop, .argument = act, .limit = limit}));
}

/* Stops it, and takes the errors' text; "no error" if there is none. */
static inline const char *stop_text(lg_shutdown *s)
{
    static char text[8192];
    lg_error *err = lg_shutdown_stop(s);
    lg_error_format(err, text, sizeof(text));
    lg_error_free(err);
    return text;
}

static inline lg_stage_report report_of(lg_shutdown *s, const char *name)
{
    lg_stage_report report;
    for (size_t i = 0; lg_shutdown_stage(s, i, &report); i++) {
        if (strcmp(report.name, name) == 0)
            return report;
    }
    ck_abort_msg("no stage %s", name);
}

#define expect_outcome(s, name, expected)                                                          \
    ck_assert_str_eq(lg_stage_outcome_name(report_of(s, name).outcome), expected)

#define expect_text(text, part)                                                                    \
    ck_assert_msg(strstr(text, part) != NULL, "not in the text: %s\n%s", part, text)

#endif
