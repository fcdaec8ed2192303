/* Libraries that know nothing of goroutines run on a goroutine's default stack of 128 KB, and leave half of it (go.h says
 * how much each of them takes). */
#include "testing/test.h"

#include <netdb.h>
#include <regex.h>
#include <time.h>
#include <wchar.h>

#include "sched/goroutine.h"
#include "sched/instrument.h"
#include "sched/stack.h"

/* How much of the calling goroutine's stack was ever written to: what was not is zero, on a fresh stack. */
static size_t stack_used(void)
{
    const struct lgi_g *g = lgi_self();
    const volatile char *at = (const volatile char *)g->bounds.low;
    while (*at == 0)
        at++;
    return (size_t)(g->bounds.high - (uintptr_t)at);
}

static size_t used;

static void measure(lgi_function use)
{
    use();
    used = stack_used();
}

static void on_default_stack(const char *what, lgi_function use)
{
    lg_waitgroup group = {0};
    used = 0;
    lg_waitgroup_go(&group, measure, use);
    lg_waitgroup_wait(&group);
    printf("%s: %zu KB\n", what, (used + 1023) / 1024);
    ck_assert_uint_gt(used, 0);
    ck_assert_uint_lt(used, lgi_stack_size((unsigned)lgi_stack_class(0)) / 2);
}

static void prints_a_long_double(void)
{
    char text[64];
    static char large[12000];
    ck_assert_int_gt(snprintf(text, sizeof(text), "%.30Lg", 1.0L / 3), 30);
    ck_assert_int_gt(snprintf(large, sizeof(large), "%.5000Lf", 1e4000L), 9000);
    ck_assert(wcstold(L"1.25", NULL) == 1.25L);
}

static void uses_libc(void)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *found = NULL;
    regex_t regex;
    struct tm tm;
    time_t now = time(NULL);
    char text[100];
    ck_assert_int_eq(getaddrinfo("127.0.0.1", "80", &hints, &found), 0);
    freeaddrinfo(found);
    ck_assert_int_eq(regcomp(&regex, "(a+|b)*c[0-9]{1,20}$", REG_EXTENDED), 0);
    ck_assert_int_eq(regexec(&regex, "aaabbbaaac12345", 0, NULL, 0), 0);
    regfree(&regex);
    ck_assert_uint_gt(
        strftime(text, sizeof(text), "%A %d %B %Y %H:%M:%S %z", localtime_r(&now, &tm)), 0);
    FILE *file = tmpfile();
    if (file) {
        fprintf(file, "%Lf\n", 2.5L);
        fclose(file);
    }
}

/* Through the name service, whatever the machine has set up for that. */
static void resolves_a_name(void)
{
    struct addrinfo *found = NULL;
    if (getaddrinfo("localhost", NULL, NULL, &found) == 0)
        freeaddrinfo(found);
}

START_TEST(G8_libc_has_room_on_the_default_stack)
{
    on_default_stack("long double", prints_a_long_double);
    on_default_stack("libc", uses_libc);
    on_default_stack("getaddrinfo", resolves_a_name);
}
END_TEST

#ifdef HAS_OPENSSL
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

static X509 *sign_own_certificate(EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    ck_assert_int_gt(X509_sign(certificate, key, EVP_sha256()), 0);
    return certificate;
}

static SSL *new_end(SSL_CTX *context, BIO *from, BIO *to)
{
    SSL *ssl = SSL_new(context);
    BIO_up_ref(from);
    BIO_up_ref(to);
    SSL_set_bio(ssl, from, to);
    return ssl;
}

static void shakes_hands(void)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *certificate = sign_own_certificate(key);
    SSL_CTX *serving = SSL_CTX_new(TLS_server_method()), *asking = SSL_CTX_new(TLS_client_method());
    ck_assert_int_eq(SSL_CTX_use_certificate(serving, certificate), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey(serving, key), 1);
    BIO *there = BIO_new(BIO_s_mem()), *back = BIO_new(BIO_s_mem());
    SSL *server = new_end(serving, there, back), *client = new_end(asking, back, there);
    SSL_set_accept_state(server);
    SSL_set_connect_state(client);
    for (int i = 0; i < 20 && !(SSL_is_init_finished(server) && SSL_is_init_finished(client));
         i++) {
        (void)SSL_do_handshake(client);
        (void)SSL_do_handshake(server);
    }
    ck_assert(SSL_is_init_finished(server) && SSL_is_init_finished(client));
    ck_assert_int_eq(SSL_write(client, "hello", 5), 5);
    SSL_free(client);
    SSL_free(server);
    BIO_free(there);
    BIO_free(back);
    SSL_CTX_free(asking);
    SSL_CTX_free(serving);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

START_TEST(G8_openssl_has_room_on_the_default_stack)
{
    on_default_stack("OpenSSL, a key and a handshake", shakes_hands);
}
END_TEST
#define OPENSSL , G8_openssl_has_room_on_the_default_stack
#else
#define OPENSSL
#endif

#ifdef HAS_SQLITE
#include <sqlite3.h>

static void queries(void)
{
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    static const char script[] =
        "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL);"
        "CREATE INDEX i ON t(b, c);"
        "CREATE TRIGGER g AFTER INSERT ON t WHEN new.a < 100000 BEGIN "
        "INSERT INTO t VALUES(new.a + 100000, new.b, new.c); END;"
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000) "
        "INSERT INTO t SELECT x, printf('%5.3f %s', x / 7.0, hex(randomblob(8))), x * 1.5 FROM n;"
        "SELECT b, group_concat(a), sum(c) OVER (ORDER BY a) FROM t GROUP BY b "
        "HAVING count(*) > 0 ORDER BY c DESC LIMIT 5;"
        "SELECT json_group_array(b) FROM (SELECT b FROM t WHERE b LIKE '%A%' ORDER BY random());"
        "VACUUM;";
    char *message = NULL;
    ck_assert_msg(sqlite3_exec(db, script, NULL, NULL, &message) == SQLITE_OK, "%s", message);
    sqlite3_close(db);
}

START_TEST(G8_sqlite_has_room_on_the_default_stack)
{
    on_default_stack("SQLite, queries", queries);
}
END_TEST
#define SQLITE , G8_sqlite_has_room_on_the_default_stack
#else
#define SQLITE
#endif

#ifdef HAS_CURL
#include <curl/curl.h>

static size_t ignore(char *data, size_t size, size_t count, void *user)
{
    (void)data;
    (void)user;
    return size * count;
}

/* The second fails, since nobody listens there: all before that is done. */
static void transfers(void)
{
    const char *const urls[] = {"file:///proc/self/status", "https://localhost:1/"};
    for (size_t i = 0; i < 2; i++) {
        CURL *curl = curl_easy_init();
        ck_assert_ptr_nonnull(curl);
        curl_easy_setopt(curl, CURLOPT_URL, urls[i]);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
        ck_assert_int_eq(curl_easy_perform(curl) == CURLE_OK, i == 0);
        curl_easy_cleanup(curl);
    }
}

START_TEST(G8_libcurl_has_room_on_the_default_stack)
{
    ck_assert_int_eq(curl_global_init(CURL_GLOBAL_ALL), CURLE_OK);
    on_default_stack("libcurl, transfers", transfers);
    curl_global_cleanup();
}
END_TEST
#define LIBCURL , G8_libcurl_has_room_on_the_default_stack
#else
#define LIBCURL
#endif

RUN_TESTS("libraries", G8_libc_has_room_on_the_default_stack OPENSSL SQLITE LIBCURL)
