/* Looking up names. The test's own getaddrinfo takes the place of the C library's for names that it knows. */
#include "testing/crew.h"

#include <arpa/inet.h>
#include <lifoguard/io.h>

static _Atomic int begun, lookups, freed, slow_ms = 30;
static _Atomic bool held; /* "held.test" is not found before this is over */
static _Atomic pthread_t lookup_thread;

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if ((hints && hints->ai_flags & AI_NUMERICHOST) || !host)
        return real(host, service, hints, result);
    lookup_thread = pthread_self();
    begun++;
    if (strcmp(host, "held.test") == 0) {
        while (held)
            pause_ms(1);
        host = "127.0.0.4";
    } else if (strcmp(host, "slow.test") == 0) {
        pause_ms(slow_ms);
        host = "127.0.0.2";
    } else if (strcmp(host, "quick.test") == 0) {
        host = "127.0.0.3";
    } else {
        /* Whatever the network here says. */
        const struct {
            const char *host;
            int code, error;
        } answers[] = {
            {"nobody.test", EAI_NONAME, 0},
            {"later.test", EAI_AGAIN, 0},
            {"memory.test", EAI_MEMORY, 0},
            {"system.test", EAI_SYSTEM, EMFILE},
        };
        for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
            if (strcmp(host, answers[i].host) == 0) {
                errno = answers[i].error;
                lookups++;
                return answers[i].code;
            }
        }
        return EAI_FAIL;
    }
    int code = real(host, service, hints, result);
    lookups++;
    return code;
}

void freeaddrinfo(struct addrinfo *list)
{
    void (*real)(struct addrinfo *);
    *(void **)&real = dlsym(RTLD_NEXT, "freeaddrinfo");
    freed++;
    real(list);
}

static const struct addrinfo streams = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};

static void check_result(struct addrinfo *list, const char *address, unsigned short port)
{
    char text[64];
    must(list && list->ai_family == AF_INET && list->ai_socktype == SOCK_STREAM);
    struct sockaddr_in in;
    memcpy(&in, list->ai_addr, sizeof(in));
    must(inet_ntop(AF_INET, &in.sin_addr, text, sizeof(text)) != NULL);
    must(strcmp(text, address) == 0 && ntohs(in.sin_port) == port);
    freeaddrinfo(list);
}

static void look_up(void *unused)
{
    struct addrinfo *list;
    (void)unused;
    errno = 70;
    must_not_fail(lg_resolve("slow.test", "80", &streams, lg_until_timeout(LG_MINUTE), &list));
    check_result(list, "127.0.0.2", 80);
    must_not_fail(lg_resolve("quick.test", "81", &streams, lg_until_forever(), &list));
    check_result(list, "127.0.0.3", 81);
    must(errno == 70);
}

START_TEST(C9_names_are_looked_up)
{
    on(_i, look_up, NULL);
    ck_assert_int_eq(freed, lookups);
}
END_TEST

static void lookup_numeric(void *unused)
{
    struct addrinfo *list;
    (void)unused;
    must_not_fail(lg_resolve("127.0.0.9", "82", &streams, lg_until_timeout(0), &list));
    check_result(list, "127.0.0.9", 82);
    must_not_fail(lg_resolve("127.0.0.9", NULL, &streams, lg_until_timeout(0), &list));
    check_result(list, "127.0.0.9", 0);
    must_not_fail(lg_resolve("::1", NULL, NULL, lg_until_timeout(0), &list));
    must(list->ai_family == AF_INET6);
    freeaddrinfo(list);
    must_not_fail(lg_resolve(NULL, "83", &streams, lg_until_forever(), &list));
    check_result(list, "127.0.0.1", 83);
}

START_TEST(C9_numbers_need_no_lookup)
{
    on(_i, lookup_numeric, NULL);
    ck_assert_int_eq(lookups, 0);
}
END_TEST

static void fail_all(void *unused)
{
    struct addrinfo *list, other;
    (void)unused;
    list = &other;
    const struct {
        const char *host;
        int code, error;
    } expected[] = {
        {"nobody.test", EAI_NONAME, 0},      {"later.test", EAI_AGAIN, 0},
        {"memory.test", EAI_MEMORY, ENOMEM}, {"system.test", EAI_SYSTEM, EMFILE},
        {"other.test", EAI_FAIL, 0},
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        lg_error *error = lg_resolve(expected[i].host, "80", &streams, lg_until_forever(), &list);
        must(list == NULL && lg_resolve_code(error) == expected[i].code);
        must(lg_error_errno(error) == expected[i].error);
        char *text = lg_error_text(error);
        must(strstr(text, "look up ") == text && strstr(text, expected[i].host) == text + 8);
        free(text);
        error = lg_error_wrap(error, "outer");
        must(lg_resolve_code(error) == expected[i].code);
        lg_error_free(error);
    }
    must(lg_resolve_code(NULL) == 0 && lg_resolve_code(&lg_error_cancelled) == 0);
    lg_error *error = lg_resolve(NULL, NULL, NULL, lg_until_forever(), &list);
    must(lg_resolve_code(error) == EAI_NONAME);
    lg_error_free(error);
}

START_TEST(C9_failures_say_which)
{
    on(_i, fail_all, NULL);
}
END_TEST

/* ---- left behind ---- */

static void give_up(void *unused)
{
    struct addrinfo *list;
    char host[] = "held.test", service[] = "80";
    (void)unused;
    held = true;
    must_be(lg_resolve(host, service, &streams, lg_until_timeout(5 * LG_MILLISECOND), &list),
            &lg_error_deadline_exceeded);
    must(list == NULL);
    memset(host, 'x', sizeof(host) - 1); /* it was copied */
    memset(service, 'x', sizeof(service) - 1);
    struct lgi_done done = {0};
    lgi_done_set(&done, NULL);
    lg_until until = lg_until_forever();
    until.lgi_done = &done;
    must_be(lg_resolve("held.test", "80", &streams, until, &list), &lg_error_cancelled);
    must(list == NULL);
    held = false;
}

START_TEST(C9_a_lookup_is_left_behind)
{
    /* One that has not begun is taken back. */
    while (begun == 0)
        on(_i, give_up, NULL);
    while (lookups != begun || freed != lookups) /* what arrives is freed */
        pause_ms(1);
}
END_TEST

static void give_up_at_random(void *data)
{
    unsigned random = (unsigned)(uintptr_t)data;
    struct addrinfo *list;
    for (int i = 0; i < 50; i++) {
        random = random * 1664525 + 1013904223;
        lg_error *error = lg_resolve("slow.test", "80", &streams,
                                     lg_until_timeout((random >> 8) % 2000 * LG_MICROSECOND),
                                     &list);
        if (error)
            must_be(error, &lg_error_deadline_exceeded);
        else
            freeaddrinfo(list);
    }
}

START_TEST(C9_lookups_are_left_behind_at_any_moment)
{
    slow_ms = 1;
    must_not_fail(lg_set_workers((unsigned[]){1, 2, 8}[_i]));
    must_not_fail(lg_blocking_set_threads(3));
    for (uintptr_t i = 0; i < 20; i++)
        crew_go(give_up_at_random, (void *)i);
    crew_wait();
    while (freed != lookups)
        pause_ms(1);
}
END_TEST

static void find_thread(void *data)
{
    struct addrinfo *list;
    pthread_t mine = pthread_self();
    must_not_fail(lg_resolve("quick.test", "80", &streams, lg_until_forever(), &list));
    freeaddrinfo(list);
    *(bool *)data = pthread_equal(mine, lookup_thread);
}

START_TEST(C9_no_worker_is_blocked)
{
    bool direct = true;
    on(ON_GOROUTINE, find_thread, &direct);
    ck_assert(!direct);
    on(ON_THREAD, find_thread, &direct);
    ck_assert(direct);
}
END_TEST

static void add_tests(TCase *tests)
{
    const TTest *const both[] = {
        C9_names_are_looked_up,
        C9_numbers_need_no_lookup,
        C9_failures_say_which,
        C9_a_lookup_is_left_behind,
    };
    for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++)
        tcase_add_loop_test(tests, both[i], 0, PLACES);
    tcase_add_loop_test(tests, C9_lookups_are_left_behind_at_any_moment, 0, 3);
    tcase_add_test(tests, C9_no_worker_is_blocked);
}

RUN_TESTS_OF("resolve", add_tests)
