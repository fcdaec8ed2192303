/* What is sent and stored can be read back, and nothing else can. */
#define _GNU_SOURCE
#include "secrecy.h"
#include "spec.h"
#include "wire.h"

#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>

#include "testing/suite.h"

static const char *arguments[] = {"rm", "-rf", "a b", "", "it's", NULL};
static const char *environment[] = {"A=1", "B=", "C", NULL};
static const char *secrets[] = {"TOKEN=x", NULL};

static struct spec example(void)
{
    return (struct spec){.flags = SPEC_LATE,
                         .timeout = LG_MINUTE,
                         .grace = LG_SECOND,
                         .backoff = 3,
                         .retries = 4,
                         .nonce = -5,
                         .name = "name",
                         .directory = "/tmp",
                         .identity = {1, 2, 3, true, true},
                         .umask = 022,
                         .arguments = arguments,
                         .environment = environment,
                         .secrets = secrets};
}

START_TEST(a_specification_survives_the_way)
{
    struct buffer text = {0};
    lg_defer(buffer_free, &text);
    struct spec sent = example();
    struct spec got = {0};
    lg_defer(spec_free, &got);
    spec_put(&text, &sent);
    ck_assert(spec_take(text.text, text.length, &got));
    ck_assert(got.flags == sent.flags && got.timeout == sent.timeout && got.nonce == -5);
    ck_assert_str_eq(got.name, "name");
    ck_assert_str_eq(got.directory, "/tmp");
    ck_assert(got.identity.inode == 2 && got.identity.born == 3 && got.identity.removed &&
              got.identity.vague);
    for (int i = 0; arguments[i]; i++)
        ck_assert_str_eq(got.arguments[i], arguments[i]);
    ck_assert_ptr_null(got.arguments[5]);
    ck_assert_str_eq(got.environment[2], "C");
    ck_assert_str_eq(got.secrets[0], "TOKEN=x");
}
END_TEST

/* In memory of exactly that size, so that the sanitizers see each byte too many. */
static bool take_copy(const char *data, size_t size)
{
    char *copy = malloc(size ? size : 1);
    lg_defer(free, copy);
    memcpy(copy, data, size);
    struct spec got = {0};
    bool good = spec_take(copy, size, &got);
    spec_free(&got);
    return good;
}

START_TEST(every_cut_is_malformed)
{
    struct buffer text = {0};
    lg_defer(buffer_free, &text);
    struct spec sent = example();
    spec_put(&text, &sent);
    for (size_t size = 0; size < text.length; size++)
        ck_assert(!take_copy(text.text, size));
    buffer_add_char(&text, '\0');
    ck_assert(!take_copy(text.text, text.length));
}
END_TEST

START_TEST(no_change_of_bytes_is_dangerous)
{
    struct buffer text = {0};
    lg_defer(buffer_free, &text);
    struct spec sent = example();
    spec_put(&text, &sent);
    srand(1);
    for (int round = 0; round < 200000; round++) {
        size_t at = (size_t)rand() % text.length;
        char before = text.text[at];
        text.text[at] = (char)(rand() % 3 == 0 ? 0xff : rand());
        take_copy(text.text, text.length);
        text.text[at] = before;
    }
    ck_assert(take_copy(text.text, text.length));
}
END_TEST

START_TEST(negative_limits_and_empty_commands_are_malformed)
{
    static const char *none[] = {NULL};
    struct spec bad[] = {example(), example(), example()};
    bad[0].timeout = -1;
    bad[1].retries = -1;
    bad[2].arguments = none;
    for (int i = 0; i < 3; i++) {
        struct buffer text = {0};
        spec_put(&text, &bad[i]);
        ck_assert(!take_copy(text.text, text.length));
        buffer_free(&text);
    }
}
END_TEST

START_TEST(secrets_are_known_by_their_names)
{
    static const char *const yes[] = {
        "GITHUB_TOKEN=x", "DB_PASSWORD=", "AWS_SECRET_ACCESS_KEY=x",
        "api_key=1",      "GITHUB_PAT=x", "URL=postgres://u:pw@host/db",
        "MINE=1",         "ALL_OF_IT=1"};
    static const char *const no[] = {
        "PATH=/bin", "SSH_AUTH_SOCK=/x",       "HOME=token",        "KEY=1",
        "PATCH=1",   "URL=http://host:80/a@b", "URL=http://u@host", "MINES=1"};
    setenv(SECRECY_VARIABLE, "OTHER", 1);
    secrecy_add("MINE,ALL*");
    for (int i = 0; i < 8; i++) {
        ck_assert(secrecy_covers(yes[i]));
        ck_assert(!secrecy_covers(no[i]));
    }
    unsetenv(SECRECY_VARIABLE);
    ck_assert(!secrecy_covers("MINE=1"));
    static const char *const all[] = {"A=1", "MY_TOKEN=2", "MY_SECRET=3", NULL};
    static const char *const kept[] = {"MY_SECRET", NULL};
    const char **public = spec_select(all, false, kept);
    ck_assert_str_eq(public[0], "A=1");
    ck_assert_str_eq(public[1], "MY_SECRET=3");
    ck_assert_ptr_null(public[2]);
    free(public);
}
END_TEST

START_TEST(a_command_reads_as_a_shell_would_take_it)
{
    struct buffer text = {0};
    lg_defer(buffer_free, &text);
    spec_describe(&text, arguments);
    ck_assert_str_eq(text.text, "rm -rf 'a b' '' 'it'\\''s'");
}
END_TEST

RUN_TESTS("spec", a_specification_survives_the_way, every_cut_is_malformed,
          no_change_of_bytes_is_dangerous, negative_limits_and_empty_commands_are_malformed,
          secrets_are_known_by_their_names, a_command_reads_as_a_shell_would_take_it)
