/* The state's own rules: what is written can be read, and whoever has lost a run writes nothing. */
#define _GNU_SOURCE
#include "state.h"

#include "buffer.h"
#include "database.h"

#include <lifoguard/defer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testing/suite.h"

static char place[] = "/tmp/lifoguard-state-XXXXXX";
static struct state *state;

static void must(lg_error *err)
{
    char text[512] = "";
    lg_error_format(err, text, sizeof(text));
    ck_assert_msg(err == NULL, "%s", text);
}

static void must_be_lost(lg_error *err)
{
    ck_assert(lg_error_is(err, &state_lost));
    lg_error_free(err);
}

static void open_place(void)
{
    strcpy(place + strlen(place) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(place));
    must(state_open(place, &state));
}

static void close_place(void)
{
    static const char *const names[] = {"state.db", "state.db-wal", "state.db-shm", "key"};
    state_close(state);
    for (int i = 0; i < 4; i++) {
        struct buffer path = {0};
        buffer_format(&path, "%s/%s", place, names[i]);
        unlink(path.text);
        buffer_free(&path);
    }
    rmdir(place);
}

static struct state_run a_run(const char *id)
{
    static const char *const environment[] = {"A=1", "B=2", NULL};
    struct state_run run = {.epoch = 1, .uid = 7, .title = "a title", .environment = environment};
    snprintf(run.id, sizeof(run.id), "%s", id);
    must(state_begin_run(state, &run));
    return run;
}

static struct state_cleanup a_cleanup(int64_t sequence)
{
    return (struct state_cleanup){
        .sequence = sequence, .state = CLEANUP_HELD, .detail = "", .spec = "a\0b", .spec_size = 3};
}

/* In place of the C library's, for SQLite too. */
static int waits;
int fdatasync(int fd)
{
    waits++;
    return fsync(fd);
}

static int waits_since(int *before)
{
    int count = waits - *before;
    *before = waits;
    return count;
}

struct seen {
    int64_t runs, cleanups, last, states;
};

static lg_error *see_run(const struct state_run *run, void *data)
{
    struct seen *seen = data;
    ck_assert_str_eq(run->title, "a title");
    ck_assert_str_eq(run->environment[1], "B=2");
    seen->runs++;
    return NULL;
}

static lg_error *see_cleanup(const struct state_cleanup *cleanup, void *data)
{
    struct seen *seen = data;
    ck_assert(cleanup->spec_size == 3 && memcmp(cleanup->spec, "a\0b", 3) == 0);
    ck_assert(cleanup->sequence > seen->last);
    seen->last = cleanup->sequence;
    seen->states += cleanup->state;
    seen->cleanups++;
    return NULL;
}

static struct seen read_run(const char *id)
{
    struct seen seen = {0};
    must(state_runs(state, see_run, &seen));
    must(state_cleanups(state, id, see_cleanup, &seen));
    return seen;
}

START_TEST(R1_only_what_a_power_cut_could_take_waits_for_the_disk)
{
    int before = waits;
    struct state_run run = a_run("one");
    ck_assert_int_eq(waits_since(&before), 0);
    struct state_cleanup cleanup = a_cleanup(1);
    cleanup.state = CLEANUP_INTENDED;
    must(state_add_cleanup(state, &run, &cleanup));
    ck_assert_int_eq(waits_since(&before), 1);
    cleanup.state = CLEANUP_HELD;
    must(state_move_cleanup(state, &run, &cleanup));
    ck_assert_int_eq(waits_since(&before), 0);
    cleanup.state = CLEANUP_RELEASING;
    must(state_move_cleanup(state, &run, &cleanup));
    ck_assert_int_eq(waits_since(&before), 1);
    cleanup.state = CLEANUP_RELEASED;
    must(state_move_cleanup(state, &run, &cleanup));
    ck_assert_int_eq(waits_since(&before), 1);
    must(state_forget_empty_run(state, &run));
    ck_assert_int_eq(waits_since(&before), 0);
}
END_TEST

START_TEST(what_is_written_can_be_read_in_order_after_a_reopening)
{
    struct state_run run = a_run("one");
    for (int64_t i = 1; i <= 20; i++) {
        struct state_cleanup cleanup = a_cleanup(i);
        must(state_add_cleanup(state, &run, &cleanup));
    }
    state_close(state);
    must(state_open(place, &state));
    struct seen seen = read_run("one");
    ck_assert(seen.runs == 1 && seen.cleanups == 20);
    must(state_forget_run(state, &run));
    seen = read_run("one");
    ck_assert(seen.runs == 0 && seen.cleanups == 0);
}
END_TEST

START_TEST(R7_every_write_of_one_that_has_lost_the_run_changes_nothing)
{
    struct state_run old = a_run("one");
    struct state_cleanup cleanup = a_cleanup(1);
    must(state_add_cleanup(state, &old, &cleanup));
    struct state_run new = old;
    must(state_take_run(state, &new));
    ck_assert(new.epoch == old.epoch + 1);

    struct state_cleanup moved = cleanup;
    struct state_cleanup other = a_cleanup(2);
    struct state_run again = old;
    moved.state = CLEANUP_RELEASING;
    must_be_lost(state_move_cleanup(state, &old, &moved));
    moved.state = CLEANUP_RELEASED;
    must_be_lost(state_move_cleanup(state, &old, &moved));
    must_be_lost(state_add_cleanup(state, &old, &other));
    must_be_lost(state_set_variable(state, &old, "A", "1"));
    must_be_lost(state_set_phase(state, &old, RUN_ENDED));
    must_be_lost(state_forget_run(state, &old));
    must_be_lost(state_take_run(state, &again));

    struct seen seen = read_run("one");
    ck_assert(seen.runs == 1 && seen.cleanups == 1 && seen.states == CLEANUP_HELD);
    moved.state = CLEANUP_FAILED;
    must(state_move_cleanup(state, &new, &moved));
    ck_assert(read_run("one").states == CLEANUP_FAILED);
}
END_TEST

START_TEST(several_writes_are_one_or_none)
{
    struct state_run run = a_run("one");
    struct state_run lost = run;
    lost.epoch = 9;
    struct state_cleanup first = a_cleanup(1);
    struct state_cleanup second = a_cleanup(2);
    must(state_start(state));
    must(state_add_cleanup(state, &run, &first));
    must_be_lost(state_add_cleanup(state, &lost, &second));
    lg_error *err = state_commit(state);
    ck_assert_ptr_nonnull(err);
    lg_error_free(err);
    ck_assert(read_run("one").cleanups == 0);
    must(state_start(state));
    must(state_add_cleanup(state, &run, &first));
    must(state_add_cleanup(state, &run, &second));
    must(state_commit(state));
    ck_assert(read_run("one").cleanups == 2);
}
END_TEST

static void must_say(lg_error *err, const char *words)
{
    char text[512];
    lg_error_format(err, text, sizeof(text));
    lg_error_free(err);
    ck_assert_msg(strstr(text, words) != NULL, "%s", text);
}

/* Nobody is to move a state away whose disk has failed for a while. */
START_TEST(R4_what_a_failed_disk_seems_to_hold_is_not_called_damaged)
{
    must_say(database_failure(state, SQLITE_CORRUPT), "it is damaged");
    must_say(database_failure(state, SQLITE_IOERR), "disk I/O error");
    must_say(database_failure(state, SQLITE_CORRUPT), "disk I/O error");
    must_say(database_failure(state, SQLITE_NOTADB), "disk I/O error");
    must_say(database_failure(state, SQLITE_FULL), "No space left on device");
}
END_TEST

START_TEST(two_processes_may_have_it_open)
{
    struct state *other;
    must(state_open(place, &other));
    struct state_run run = a_run("one");
    struct state_run taken = run;
    must(state_take_run(other, &taken));
    struct state_cleanup cleanup = a_cleanup(1);
    must_be_lost(state_add_cleanup(state, &run, &cleanup));
    must(state_add_cleanup(other, &taken, &cleanup));
    ck_assert(read_run("one").cleanups == 1);
    state_close(other);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_place, close_place);
    tcase_add_test(tests, R1_only_what_a_power_cut_could_take_waits_for_the_disk);
    tcase_add_test(tests, what_is_written_can_be_read_in_order_after_a_reopening);
    tcase_add_test(tests, R7_every_write_of_one_that_has_lost_the_run_changes_nothing);
    tcase_add_test(tests, several_writes_are_one_or_none);
    tcase_add_test(tests, R4_what_a_failed_disk_seems_to_hold_is_not_called_damaged);
    tcase_add_test(tests, two_processes_may_have_it_open);
}

RUN_TESTS_OF("state", add_tests)
