/* Out of memory: every allocation fails in its turn, alone or with all after it, and nothing is lost. */
#define FAILING_ALLOCATIONS
#include "testing/crew.h"

#include "testing/failing_calls.h"

#include <lifoguard/io.h>
/* Assertions allocate. */
#define require(condition)                                                                         \
    do {                                                                                           \
        bool holds_ = (condition);                                                                 \
        if (!holds_) {                                                                             \
            memory_ignore();                                                                       \
            ck_abort_msg("%s, allocation %ld failing", #condition, memory.fails_at);               \
        }                                                                                          \
    } while (0)

struct work {
    void (*work)(void);
    long fails_at;
    bool and_all_after;
    long made;
};

static void work_without_memory(void *data)
{
    struct work *work = data;
    memory_watch(work->fails_at, work->and_all_after);
    work->work();
    work->made = memory.made;
    memory_ignore();
}

static int place_of_child;

static void in_process(void *data)
{
    on(place_of_child, work_without_memory, data);
    _exit(((struct work *)data)->made >= ((struct work *)data)->fails_at ? 7 : 0);
}

/* Each time in a process of its own: what is made once is made anew. */
static void every_allocation_fails(int place, void (*work)(void))
{
    if (!can_fail_allocations()) {
        printf("SKIPPED: allocations cannot be made to fail here\n");
        return;
    }
    place_of_child = place;
    for (int and_all = 0; and_all < 2; and_all++) {
        int status = 7;
        long number = 1;
        for (; status == 7; number++) {
            struct work one = {work, number, and_all, 0};
            struct outcome *outcome = in_child(in_process, &one);
            status = outcome->status;
            ck_assert_msg(status == 7 || status == 0, "allocation %ld: status %d: %s%s", number,
                          status, outcome->out, outcome->err);
            ck_assert_int_lt(number, 100);
        }
        ck_assert_int_gt(number, 2); /* some have failed */
    }
}

/* ---- what is done ---- */

static void wait_and_read(void)
{
    int fds[2];
    char buffer[8];
    size_t count;
    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    require(lg_read(fds[0], buffer, 8, lg_until_timeout(LG_MILLISECOND), &count) ==
            &lg_error_deadline_exceeded);
    require(write(fds[1], "hello", 5) == 5);
    require(!lg_read(fds[0], buffer, 8, lg_until_timeout(LG_MILLISECOND), &count) && count == 5);
    short revents;
    require(lg_poll(fds[0], POLLIN, lg_until_timeout(LG_MILLISECOND), &revents) ==
            &lg_error_deadline_exceeded);
    close(fds[1]);
    require(!lg_poll(fds[0], POLLIN, lg_until_timeout(LG_MILLISECOND), &revents));
    close(fds[0]);
    lg_error *error = lg_read(-1, buffer, 1, lg_until_forever(), &count);
    require(error && (error == &lg_error_out_of_memory || lg_error_is_errno(error, EBADF)));
    lg_error_free(error);
}

static void connect_and_accept(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    char buffer[8];
    size_t count;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), taken;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(listener >= 0 && fd >= 0);
    require(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0);
    require(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    require(listen(listener, 10) == 0);
    require(lg_accept(listener, NULL, NULL, lg_until_timeout(LG_MILLISECOND), &taken) ==
            &lg_error_deadline_exceeded);
    require(!lg_connect(fd, (struct sockaddr *)&address, length, lg_until_timeout(LG_MINUTE)));
    require(!lg_accept(listener, NULL, NULL, lg_until_timeout(LG_MINUTE), &taken));
    for (int i = 0; i < 3; i++) {
        require(lg_read(taken, buffer, 8, lg_until_timeout(LG_MILLISECOND), &count) ==
                &lg_error_deadline_exceeded);
        require(!lg_write(fd, "hello", 5, lg_until_timeout(LG_MINUTE), NULL));
        require(!lg_read(taken, buffer, 8, lg_until_timeout(LG_MINUTE), &count) && count == 5);
    }
    close(fd);
    close(taken);
    close(listener);
}

static void wait_for_child(void)
{
    int status, held[2];
    char byte;
    require(pipe(held) == 0);
    pid_t child = fork();
    require(child >= 0);
    if (child == 0) { /* it lives until the parent closes its end */
        close(held[1]);
        _exit(read(held[0], &byte, 1) == 0 ? 42 : 1);
    }
    close(held[0]);
    lg_error *error = lg_wait_child(child, lg_until_timeout(LG_MILLISECOND), &status);
    require(error == &lg_error_deadline_exceeded);
    close(held[1]);
    require(!lg_wait_child(child, lg_until_timeout(LG_MINUTE), &status) &&
            WEXITSTATUS(status) == 42);
    error = lg_wait_child(child, lg_until_timeout(LG_MINUTE), &status);
    require(error && (error == &lg_error_out_of_memory || lg_error_is_errno(error, ECHILD)));
    lg_error_free(error);
}

static void look_up(void)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list;
    lg_error *error = lg_resolve("localhost", "80", &hints, lg_until_timeout(LG_MINUTE), &list);
    require(!error == (list != NULL));
    if (list)
        freeaddrinfo(list);
    require(!error || error == &lg_error_out_of_memory || lg_resolve_code(error) != 0);
    lg_error_free(error);
}

static void (*const works[])(void) = {wait_and_read, connect_and_accept, wait_for_child, look_up};

START_TEST(E7_every_allocation_fails)
{
    every_allocation_fails(_i % PLACES, works[_i / PLACES]);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, E7_every_allocation_fails, 0, PLACES * 4);
}

RUN_TESTS_OF("memory", add_tests)
