/* A TLS server says goodbye on every way out, so that its client can tell the end from an attacker's cut.
 *
 *     tls_connection       serves one connection for each way out, and prints what the client made of its end
 *
 * A TLS connection ends with a close-notify alert. Without it a client cannot know whether it has got everything. The
 * order is that of acquisition, reversed: the descriptor was there first, so it is closed last; the goodbye is deferred when
 * the handshake is done, so it goes out first. In the wrong order the descriptor is closed before the goodbye. */
#include <errno.h>
#include <lifoguard/lifoguard.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum way_out { BY_RETURN, BY_ERROR, BY_PANIC, BY_GOEXIT, IN_THE_WRONG_ORDER, WAYS };

static const char *const ways[] = {"return", "error", "panic", "goexit", "the wrong order"};

static lg_error *tls_error(const char *what)
{
    char text[256];
    ERR_error_string_n(ERR_get_error(), text, sizeof(text));
    ERR_clear_error();
    return lg_error_newf("%s: %s", what, text);
}

/* ---- a certificate for this run ---- */

static lg_error *certify(SSL_CTX *ctx)
{
    lg_func (lg_error *, err) {
        EVP_PKEY *key = EVP_EC_gen("P-256");
        if (!key)
            lg_return(tls_error("key"));
        lg_defer(EVP_PKEY_free, key);
        X509 *certificate = X509_new();
        if (!certificate)
            lg_return(tls_error("certificate"));
        lg_defer(X509_free, certificate);

        X509_NAME *name = X509_get_subject_name(certificate);
        if (!X509_set_version(certificate, X509_VERSION_3) ||
            !ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) ||
            !X509_gmtime_adj(X509_getm_notBefore(certificate), 0) ||
            !X509_gmtime_adj(X509_getm_notAfter(certificate), 3600) ||
            !X509_set_pubkey(certificate, key) ||
            !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"example",
                                        -1, -1, 0) ||
            !X509_set_issuer_name(certificate, name) ||
            X509_sign(certificate, key, EVP_sha256()) == 0 ||
            SSL_CTX_use_certificate(ctx, certificate) != 1 || SSL_CTX_use_PrivateKey(ctx, key) != 1)
            lg_return(tls_error("certificate"));
        lg_return(NULL);
    }
}

/* ---- the server's side of one connection ---- */

struct connection {
    SSL_CTX *ctx;
    int fd;
    enum way_out way;
    lg_waitgroup *ended;
};

static void say_goodbye(SSL *tls, lg_error **result)
{
    if (SSL_shutdown(tls) < 0)
        lg_error_join_into(result, tls_error("goodbye"));
}

static lg_error *say_hello(SSL *tls)
{
    return SSL_write(tls, "hello", 5) == 5 ? NULL : tls_error("write");
}

static void report(lg_panic_info *panic)
{
    lg_recover(panic);
}

static lg_error *serve(const struct connection *c)
{
    lg_func_recovers (lg_error *, err) {
        lg_defer_recover(report);
        lg_defer(lg_close, c->fd, &err);
        SSL *tls = SSL_new(c->ctx);
        if (!tls)
            lg_return(tls_error("connection"));
        lg_defer(SSL_free, tls);
        if (SSL_set_fd(tls, c->fd) != 1 || SSL_accept(tls) != 1)
            lg_return(tls_error("accept"));
        lg_defer(say_goodbye, tls, &err);

        err = say_hello(tls);
        if (c->way == BY_PANIC)
            lg_panic("something is very wrong");
        if (c->way == BY_GOEXIT)
            lg_goexit();
        if (c->way == BY_ERROR)
            lg_return(lg_error_join(err, lg_error_new("the disk is full")));
        lg_return(err);
    }
}

/* WRONG: the descriptor's close is deferred last, so it comes first, and nobody hears the goodbye. */
static lg_error *serve_in_the_wrong_order(const struct connection *c)
{
    lg_func (lg_error *, err) {
        SSL *tls = SSL_new(c->ctx);
        if (!tls)
            lg_return(tls_error("connection"));
        lg_defer(SSL_free, tls);
        if (SSL_set_fd(tls, c->fd) != 1 || SSL_accept(tls) != 1)
            lg_return(tls_error("accept"));
        lg_defer(say_goodbye, tls, &err);
        lg_defer(lg_close, c->fd, &err);
        lg_return(say_hello(tls));
    }
}

static void server(const struct connection *c)
{
    lg_defer(lg_waitgroup_done, c->ended);
    lg_defer(OPENSSL_thread_stop); /* before main can end the process */
    lg_error *err = c->way == IN_THE_WRONG_ORDER ? serve_in_the_wrong_order(c) : serve(c);
    lg_error_free(err);
}

/* ---- the client's ---- */

/* Reads to the end, and says what kind of end it was. */
static lg_error *read_to_the_end(SSL *tls, const char **end)
{
    char buffer[64];
    for (;;) {
        int got = SSL_read(tls, buffer, sizeof(buffer));
        if (got > 0)
            continue;
        int why = SSL_get_error(tls, got);
        *end = why == SSL_ERROR_ZERO_RETURN ? "a goodbye" : "cut off";
        ERR_clear_error();
        return NULL;
    }
}

static lg_error *visit(SSL_CTX *ctx, int fd, const char **end)
{
    lg_func (lg_error *, err) {
        lg_defer(lg_close, fd, &err);
        SSL *tls = SSL_new(ctx);
        if (!tls)
            lg_return(tls_error("connection"));
        lg_defer(SSL_free, tls);
        if (SSL_set_fd(tls, fd) != 1 || SSL_connect(tls) != 1)
            lg_return(tls_error("connect"));
        lg_return(read_to_the_end(tls, end));
    }
}

/* ---- all together ---- */

static lg_error *try_way(SSL_CTX *server_ctx, SSL_CTX *client_ctx, enum way_out way)
{
    lg_func (lg_error *, err) {
        int fds[2];
        const char *end = "nothing";
        lg_waitgroup ended = {0};
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
            lg_return(lg_error_new_errno("socketpair"));
        struct connection c = {server_ctx, fds[0], way, &ended};
        lg_waitgroup_add(&ended, 1);
        lg_defer(lg_waitgroup_wait, &ended);
        lg_go_thread(server, &c); /* OpenSSL blocks */

        err = visit(client_ctx, fds[1], &end);
        if (!err)
            printf("%s: %s\n", ways[way], end);
        lg_return(err);
    }
}

static lg_error *new_context(const SSL_METHOD *method, SSL_CTX **ctx)
{
    *ctx = SSL_CTX_new(method);
    return *ctx ? NULL : tls_error("TLS");
}

static lg_error *try_all(void)
{
    lg_func (lg_error *, err) {
        SSL_CTX *server_ctx, *client_ctx;
        err = new_context(TLS_server_method(), &server_ctx);
        if (err)
            lg_return(err);
        lg_defer(SSL_CTX_free, server_ctx);
        err = new_context(TLS_client_method(), &client_ctx);
        if (err)
            lg_return(err);
        lg_defer(SSL_CTX_free, client_ctx);
        err = certify(server_ctx);
        for (enum way_out way = BY_RETURN; way < WAYS && !err; way++)
            err = try_way(server_ctx, client_ctx, way);
        lg_return(err);
    }
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    lg_error *err = try_all();
    if (!err)
        return 0;
    lg_error_print(err, stderr);
    lg_error_free(err);
    return 1;
}
