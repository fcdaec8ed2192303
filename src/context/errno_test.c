/* G6: errno after a wait is the caller's, whatever others of its thread have done meanwhile. */
#include "testing/context.h"

#include <fcntl.h>

#include <lifoguard/lifoguard.h>

static atomic_bool over;

/* Another goroutine of the only worker, which sets errno whenever it runs. */
static void noisy(void)
{
    while (!atomic_load(&over)) {
        if (open("", O_RDONLY) >= 0) /* no file is called so, on any machine */
            _exit(98);
        lg_yield();
        errno = EXDEV;
        lg_sleep(LG_MICROSECOND * 100);
        errno = EDOM;
    }
}

static lg_mutex mutex;
static lg_rwmutex rwmutex;
static lg_semaphore semaphore = LG_SEMAPHORE_INIT(0);
static lg_chan(int) channel;
static int pipe_ends[2];
static FILE *full;

static void a_moment(void)
{
    lg_sleep(LG_MILLISECOND);
    errno = EPERM;
}

static void hold_locks(void)
{
    lg_mutex_lock(&mutex);
    lg_rwmutex_lock(&rwmutex);
    lg_chan_send(channel, 0); /* they are held */
    lg_sleep(2 * LG_MILLISECOND);
    errno = EPERM;
    lg_rwmutex_unlock(&rwmutex);
    lg_mutex_unlock(&mutex);
}

static void give(void)
{
    lg_sleep(LG_MILLISECOND);
    lg_semaphore_release(&semaphore, 1);
    lg_chan_send(channel, 1);
    errno = EPERM;
    if (write(pipe_ends[1], "x", 1) != 1)
        _exit(97);
}

/* One call each, which waits. */
static void yields(void)
{
    lg_yield();
}

static void sleeps(void)
{
    lg_sleep(LG_MILLISECOND);
    lg_error_free(lg_sleep_until(LG_MINUTE, lg_until_timeout(LG_MILLISECOND)));
}

static void locks(void)
{
    lg_go(hold_locks);
    lg_chan_recv(channel, NULL);
    lg_mutex_lock(&mutex);
    lg_mutex_unlock(&mutex);
    lg_rwmutex_rlock(&rwmutex);
    lg_rwmutex_runlock(&rwmutex);
}

static void receives(void)
{
    char byte;
    size_t count;
    lg_go(give);
    lg_semaphore_acquire(&semaphore, 1);
    lg_select(lg_case_recv(channel, NULL, NULL));
    lg_error_free(lg_read(pipe_ends[0], &byte, 1, lg_until_forever(), &count));
}

static void waits_for_group(void)
{
    lg_waitgroup group = LG_WAITGROUP_INIT;
    lg_waitgroup_go(&group, a_moment);
    lg_waitgroup_wait(&group);
}

static void waits_for_context(void)
{
    lg_context *ctx = lg_context_with_timeout(lg_context_background(), LG_MILLISECOND);
    lg_context_wait(ctx);
    lg_error_free(lg_context_wait_until(ctx, lg_until_forever()));
    lg_context_free(ctx);
}

static int fails_out_of_group(void)
{
    lg_error *err = NULL;
    lg_group_scope(group, &err);
    lg_group_go(&group, a_moment);
    errno = ENOENT;
    return -1;
}

static void leaves_group(void)
{
    ck_assert_int_eq(fails_out_of_group(), -1);
}

static void waits_for_members(void)
{
    lg_group group;
    lg_group_init(&group);
    lg_group_go(&group, a_moment);
    lg_error_free(lg_group_wait(&group));
    lg_group_free(&group);
}

static bool look_at_one(const lg_goroutine_info *info, void *data)
{
    (void)info;
    (void)data;
    return true;
}

/* Printing fails here: stdio says so in errno. */
static void looks_at_all(void)
{
    lg_error_free(lg_goroutine_check_leaks(0));
    (void)lg_goroutine_count();
    lg_error_free(lg_goroutine_visit(look_at_one, NULL));
    lg_goroutine_print(full);
}

static lg_error *ends_soon(const lg_context *ctx)
{
    (void)ctx;
    a_moment();
    return NULL;
}

static void waits_for_supervisor(void)
{
    lg_supervisor *supervisor;
    lg_error_free(lg_supervisor_new(&supervisor, lg_context_background(), NULL));
    lg_error_free(lg_supervisor_go(supervisor, ends_soon));
    lg_error_free(lg_supervisor_wait(supervisor));
    lg_supervisor_close(supervisor, NULL);
}

static void waits_for_stop(void)
{
    lg_shutdown *down;
    lg_error_free(lg_shutdown_new(&down, &(lg_shutdown_options){.no_signals = true}));
    lg_shutdown_request(down, "over");
    lg_shutdown_wait(down);
    lg_shutdown_close(down, NULL);
}

static void (*const waits[])(void) = {yields,          sleeps,
                                      locks,           receives,
                                      waits_for_group, waits_for_context,
                                      leaves_group,    waits_for_members,
                                      looks_at_all,    waits_for_supervisor,
                                      waits_for_stop};

static void all_keep_errno(void)
{
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        errno = ENOENT;
        waits[i]();
        ck_assert_msg(errno == ENOENT, "call %zu left errno %d", i, errno);
    }
    atomic_store(&over, true);
}

static void begin(void)
{
    channel = lg_chan_make(int, 0);
    ck_assert_int_eq(pipe(pipe_ends), 0);
    full = fopen("/dev/full", "w");
    ck_assert_ptr_nonnull(full);
    setvbuf(full, NULL, _IONBF, 0);
    lg_go(noisy);
}

START_TEST(G6_errno_of_a_goroutine_is_its_own)
{
    ck_assert_ptr_null(lg_set_workers(1));
    begin();
    lg_go(all_keep_errno);
    while (!atomic_load(&over))
        usleep(100);
}
END_TEST

START_TEST(G6_errno_of_a_thread_is_kept)
{
    begin();
    all_keep_errno();
}
END_TEST

RUN_TESTS("errno", G6_errno_of_a_goroutine_is_its_own, G6_errno_of_a_thread_is_kept)
