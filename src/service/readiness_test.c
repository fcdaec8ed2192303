/* S6: readiness as a flag, a file and a response. */
#include "testing/test.h"

#include <fcntl.h>
#include <lifoguard/service.h>
#include <sys/stat.h>

static char directory[] = "/tmp/lifoguard-ready-XXXXXX";
static char path[64];

static void make_directory(void)
{
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/ready", directory);
}

static void remove_directory(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(directory), 0);
}

static bool there(void)
{
    return access(path, F_OK) == 0;
}

START_TEST(S6_a_flag)
{
    lg_readiness readiness = LG_READINESS_INIT(NULL);
    ck_assert(!lg_readiness_is_on(&readiness));
    ck_assert_ptr_null(lg_readiness_on(&readiness));
    ck_assert(lg_readiness_is_on(&readiness));
    ck_assert_ptr_null(lg_readiness_on(&readiness));
    ck_assert_ptr_null(lg_readiness_off(&readiness));
    ck_assert(!lg_readiness_is_on(&readiness));
    ck_assert_ptr_null(lg_readiness_off(&readiness));
}
END_TEST

START_TEST(S6_null_is_not_ready)
{
    ck_assert(!lg_readiness_is_on(NULL));
    ck_assert_ptr_null(lg_readiness_on(NULL));
    ck_assert_ptr_null(lg_readiness_off(NULL));
    ck_assert_ptr_nonnull(strstr(lg_readiness_response(NULL), " 503 "));
}
END_TEST

START_TEST(S6_a_file_is_there_as_long)
{
    make_directory();
    int left = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ck_assert_int_ge(left, 0);
    close(left);
    lg_readiness readiness;
    lg_readiness_init(&readiness, path); /* it was left by one that was killed */
    ck_assert(!there());
    ck_assert_ptr_null(lg_readiness_on(&readiness));
    ck_assert(there());
    ck_assert_ptr_null(lg_readiness_on(&readiness));
    unlink(path); /* somebody else */
    errno = 77;
    ck_assert_ptr_null(lg_readiness_off(&readiness));
    ck_assert_ptr_null(lg_readiness_on(&readiness));
    ck_assert_ptr_null(lg_readiness_off(&readiness));
    ck_assert_int_eq(errno, 77);
    ck_assert(!there());
    remove_directory();
}
END_TEST

START_TEST(S6_a_file_that_cannot_be_made_leaves_it_off)
{
    make_directory();
    ck_assert_int_eq(mkdir(path, 0700), 0);
    lg_readiness readiness = LG_READINESS_INIT(path);
    lg_error *err = lg_readiness_on(&readiness);
    ck_assert_ptr_nonnull(err);
    ck_assert(lg_error_is_errno(err, EISDIR));
    lg_error_free(err);
    ck_assert(!lg_readiness_is_on(&readiness));
    err = lg_readiness_off(&readiness);
    ck_assert_ptr_nonnull(err);
    lg_error_free(err);
    ck_assert_int_eq(rmdir(path), 0);
    /* A link that others have put there is not followed. */
    char target[128];
    snprintf(target, sizeof(target), "%s/target", directory);
    ck_assert_int_eq(symlink(target, path), 0);
    err = lg_readiness_on(&readiness);
    ck_assert(lg_error_is_errno(err, ELOOP));
    lg_error_free(err);
    ck_assert_int_ne(access(target, F_OK), 0);
    remove_directory();
}
END_TEST

static size_t body_length(const char *response)
{
    const char *body = strstr(response, "\r\n\r\n");
    ck_assert_ptr_nonnull(body);
    return strlen(body + 4);
}

static size_t said_length(const char *response)
{
    const char *field = strstr(response, "Content-Length: ");
    ck_assert_ptr_nonnull(field);
    return strtoul(field + strlen("Content-Length: "), NULL, 10);
}

START_TEST(S6_a_response_for_probes)
{
    lg_readiness readiness = LG_READINESS_INIT(NULL);
    const char *off = lg_readiness_response(&readiness);
    ck_assert_int_eq(strncmp(off, "HTTP/1.1 503 Service Unavailable\r\n", 34), 0);
    ck_assert_uint_eq(body_length(off), said_length(off));
    ck_assert_ptr_null(lg_readiness_on(&readiness));
    const char *on = lg_readiness_response(&readiness);
    ck_assert_int_eq(strncmp(on, "HTTP/1.1 200 OK\r\n", 17), 0);
    ck_assert_uint_eq(body_length(on), said_length(on));
}
END_TEST

RUN_TESTS("readiness", S6_a_flag, S6_null_is_not_ready, S6_a_file_is_there_as_long,
          S6_a_file_that_cannot_be_made_leaves_it_off, S6_a_response_for_probes)
