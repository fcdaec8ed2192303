/* How a context was made, for reports. */
#include "context/context.h"

#include <stdio.h>

enum { DETAIL_SIZE = 1024 };

/* Works like snprintf: "background", or the part of a description that follows it, as ", with deadline query". */
static size_t describe_context(const struct lg_context *ctx, char *buffer, size_t size)
{
    char detail[DETAIL_SIZE] = "";
    if (ctx->ops->detail)
        ctx->ops->detail(ctx, detail, sizeof(detail));
    return (size_t)snprintf(buffer, size, "%s%s%s%s", lgi_context_is_root(ctx) ? "" : ", ",
                            ctx->ops->name, *detail ? " " : "", detail);
}

/* From the root down, in two passes and without recursion, however deep the tree is. */
size_t lg_context_describe(const lg_context *ctx, char *buffer, size_t size)
{
    const struct lg_context *self = lgi_context_of(ctx, "lg_context_describe");
    size_t length = 0, end;
    for (const struct lg_context *at = self; at; at = at->parent)
        length += describe_context(at, NULL, 0);
    end = length;
    for (const struct lg_context *at = self; at && size > 0; at = at->parent) {
        char text[DETAIL_SIZE + 32];
        size_t part = describe_context(at, text, sizeof(text));
        end -= part;
        for (size_t i = 0; i < part && end + i < size - 1; i++)
            buffer[end + i] = text[i];
    }
    if (size > 0)
        buffer[length < size - 1 ? length : size - 1] = '\0';
    return length;
}
