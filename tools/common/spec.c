#define _GNU_SOURCE
#include "spec.h"

#include "secrecy.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

/* FORMAT_1 had no identity. */
enum { FORMAT_1 = 1, FORMAT = 2 };

static void put_identity(struct buffer *buffer, const struct identity *identity)
{
    wire_put_number(buffer, identity->device);
    wire_put_number(buffer, identity->inode);
    wire_put_number(buffer, identity->born);
    wire_put_number(buffer, identity->removed | identity->vague << 1);
}

static struct identity take_identity(struct wire_reader *reader)
{
    int64_t device = wire_take_number(reader);
    int64_t inode = wire_take_number(reader);
    int64_t born = wire_take_number(reader);
    int64_t flags = wire_take_number(reader);
    return (struct identity){device, inode, born, flags & 1, flags & 2};
}

void spec_put(struct buffer *buffer, const struct spec *spec)
{
    wire_put_number(buffer, FORMAT);
    wire_put_number(buffer, spec->flags);
    wire_put_number(buffer, spec->timeout);
    wire_put_number(buffer, spec->grace);
    wire_put_number(buffer, spec->backoff);
    wire_put_number(buffer, spec->retries);
    wire_put_number(buffer, spec->nonce);
    wire_put_text(buffer, spec->name);
    wire_put_text(buffer, spec->directory);
    put_identity(buffer, &spec->identity);
    wire_put_number(buffer, spec->umask);
    wire_put_list(buffer, spec->arguments);
    wire_put_list(buffer, spec->environment);
    wire_put_list(buffer, spec->secrets);
}

bool spec_take(const char *data, size_t size, struct spec *spec)
{
    struct wire_reader reader = wire_read(data, size);
    int64_t format = wire_take_number(&reader);
    if (format != FORMAT && format != FORMAT_1)
        reader.bad = true;
    spec->flags = wire_take_number(&reader);
    spec->timeout = wire_take_number(&reader);
    spec->grace = wire_take_number(&reader);
    spec->backoff = wire_take_number(&reader);
    spec->retries = wire_take_number(&reader);
    spec->nonce = wire_take_number(&reader);
    spec->name = wire_take_text(&reader);
    spec->directory = wire_take_text(&reader);
    spec->identity = format == FORMAT ? take_identity(&reader) : (struct identity){0};
    spec->umask = wire_take_number(&reader);
    spec->arguments = wire_take_list(&reader);
    spec->environment = wire_take_list(&reader);
    spec->secrets = wire_take_list(&reader);
    bool negative = spec->timeout < 0 || spec->grace < 0 || spec->backoff < 0 || spec->retries < 0;
    return wire_is_done(&reader) && spec->arguments[0] && !negative;
}

void spec_free(struct spec *spec)
{
    free(spec->arguments);
    free(spec->environment);
    free(spec->secrets);
    *spec = (struct spec){0};
}

static bool is_named(const char *assignment, const char *const *names)
{
    size_t length = strcspn(assignment, "=");
    for (; names && *names; names++)
        if (strlen(*names) == length && strncmp(*names, assignment, length) == 0)
            return true;
    return false;
}

const char **spec_select(const char *const *assignments, bool secrets, const char *const *kept)
{
    size_t count = 0;
    while (assignments[count])
        count++;
    const char **list = need_memory(NULL, (count + 1) * sizeof(*list));
    size_t selected = 0;
    for (size_t i = 0; i < count; i++) {
        bool secret = secrecy_covers(assignments[i]) && !is_named(assignments[i], kept);
        if (strchr(assignments[i], '=') && secret == secrets)
            list[selected++] = assignments[i];
    }
    list[selected] = NULL;
    return list;
}

static bool is_plain(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./=:@%+,";
    return *text != '\0' && text[strspn(text, plain)] == '\0';
}

/* How much of a word is told. A whole script in it (all functions of a shell, say) would hide the words behind it. */
static size_t told_length(const char *text)
{
    enum { LONGEST = 200, BEGINNING = 60 };
    size_t length = strlen(text);
    if (length <= LONGEST)
        return length;
    size_t told = strcspn(text, "\n");
    if (told > BEGINNING)
        told = BEGINNING;
    while (told > 0 && ((unsigned char)text[told] & 0xC0) == 0x80) /* within a character */
        told--;
    return told;
}

static void add_quoted(struct buffer *buffer, const char *text)
{
    size_t told = told_length(text);
    bool whole = text[told] == '\0';
    if (whole && is_plain(text)) {
        buffer_add_text(buffer, text);
        return;
    }
    buffer_add_char(buffer, '\'');
    for (size_t i = 0; i < told; i++) {
        if (text[i] == '\'')
            buffer_add_text(buffer, "'\\''");
        else
            buffer_add_char(buffer, text[i]);
    }
    buffer_add_text(buffer, whole ? "'" : "…'");
}

void spec_describe(struct buffer *buffer, const char *const *arguments)
{
    buffer_add(buffer, "", 0);
    for (size_t i = 0; arguments[i]; i++) {
        if (i > 0)
            buffer_add_char(buffer, ' ');
        add_quoted(buffer, arguments[i]);
    }
}
