#define _GNU_SOURCE
#include "address.h"

#include "buffer.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void address_free(struct address *address)
{
    free(address->text);
    free(address->authority);
    free(address->path);
}

static lg_error *check_port(const char *port)
{
    static const char digits[] = "0123456789";
    bool number = port[strspn(port, digits)] == '\0';
    long value = number ? strtol(port, NULL, 10) : 0;
    if (number ? value >= 1 && value <= 65535 : getservbyname(port, "tcp") != NULL)
        return NULL;
    return lg_error_newf("not a PORT: %s", port);
}

static lg_error *split(struct address *address, const char *default_port)
{
    char *text = address->text;
    bool bracket = *text == '[';
    char *end = bracket ? strchr(text, ']') : text + strcspn(text, ":");
    if (!end)
        return lg_error_newf("not HOST:PORT: %s", address->authority);
    char *colon = bracket ? end + 1 : end;
    if (*colon == '\0' && default_port)
        address->port = default_port;
    else if (*colon == ':' && colon[1] != '\0')
        address->port = colon + 1;
    else
        return lg_error_newf("not HOST:PORT: %s", address->authority);
    if (strchr(address->port, ':'))
        return lg_error_newf("not HOST:PORT: %s (an IPv6 address stands in brackets: [::1]:PORT)",
                             address->authority);
    *end = '\0';
    address->host = text + bracket;
    return *address->host ? check_port(address->port)
                          : lg_error_newf("no HOST: %s", address->authority);
}

static lg_error *take(struct address *address, const char *text, size_t length,
                      const char *default_port)
{
    address->text = need_copy(text, length);
    address->authority = need_copy(text, length);
    return split(address, default_port);
}

lg_error *address_of_tcp(struct address *address, const char *text)
{
    *address = (struct address){0};
    return take(address, text, strlen(text), NULL);
}

/* What would end the request's line, or begin another one. */
static bool has_blanks(const char *url)
{
    for (; *url; url++)
        if ((unsigned char)*url <= ' ' || *url == 127)
            return true;
    return false;
}

lg_error *address_of_http(struct address *address, const char *url)
{
    static const char scheme[] = "http://";
    *address = (struct address){0};
    if (strncasecmp(url, scheme, strlen(scheme)) != 0)
        return lg_error_newf("not http://…: %s (for https, curl -fsS as a command)", url);
    if (has_blanks(url))
        return lg_error_newf("a blank in the URL, %%20 if it belongs there: %s", url);
    const char *rest = url + strlen(scheme);
    size_t length = strcspn(rest, "/?#");
    if (memchr(rest, '@', length))
        return lg_error_new("the URL has a user in it: use curl -fsS as a command");
    struct buffer path = {0};
    buffer_add_text(&path, rest[length] == '/' ? "" : "/");
    buffer_add(&path, rest + length, strcspn(rest + length, "#"));
    address->path = path.text;
    return take(address, rest, length, "80");
}
