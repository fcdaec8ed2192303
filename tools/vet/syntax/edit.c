#include "edit.h"

#include <string.h>

static void add(struct unit *unit, struct finding *finding, size_t offset, size_t length,
                const char *text, bool once)
{
    *ADD(&unit->arena, &finding->edits) = (struct edit){offset, length, text, once};
}

/* The offset of the line's first character. */
static size_t line_offset(const struct unit *unit, int line)
{
    const char *at = unit->source.text, *end = at + unit->source.length;
    for (int i = 1; i < line && at < end; i++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        at = next ? next + 1 : end;
    }
    return (size_t)(at - unit->source.text);
}

static size_t offset_of(const struct unit *unit, const struct token *token)
{
    return line_offset(unit, token->line) + (size_t)token->column - 1;
}

const struct token *edit_token(const struct unit *unit, int line, int column)
{
    EACH (token, &unit->lexed.tokens)
        if (token->line == line && token->column == column && !token->expanded)
            return token;
    return NULL;
}

/* Does the file have these characters there? (A line continuation or a tab could have moved them.) */
static bool is_there(const struct unit *unit, const struct token *token, size_t offset)
{
    size_t length = (size_t)token->length;
    return offset + length <= unit->source.length &&
           (token->kind != TOKEN_NAME ||
            memcmp(unit->source.text + offset, token->text, length) == 0);
}

void edit_replace(struct unit *unit, struct finding *finding, const struct token *token,
                  const char *text)
{
    size_t offset = token ? offset_of(unit, token) : 0;
    if (token && is_there(unit, token, offset))
        add(unit, finding, offset, (size_t)token->length, text, false);
}

void edit_join(struct unit *unit, struct finding *finding, const struct token *token,
               const char *text)
{
    size_t offset = offset_of(unit, token), next = offset_of(unit, token + 1);
    if (is_there(unit, token, offset) && next > offset && next <= unit->source.length)
        add(unit, finding, offset, next - offset, text, false);
}

void edit_after(struct unit *unit, struct finding *finding, const struct token *token,
                const char *text)
{
    size_t offset = token ? offset_of(unit, token) : 0;
    if (token && is_there(unit, token, offset))
        add(unit, finding, offset + (size_t)token->length, 0, text, false);
}

void edit_before(struct unit *unit, struct finding *finding, const struct token *token,
                 const char *text)
{
    size_t offset = token ? offset_of(unit, token) : 0;
    if (token && is_there(unit, token, offset))
        add(unit, finding, offset, 0, text, false);
}

static bool line_begins(const char *text, size_t at, size_t end, const char *with)
{
    while (at < end && (text[at] == ' ' || text[at] == '\t'))
        at++;
    return at + strlen(with) <= end && memcmp(text + at, with, strlen(with)) == 0;
}

static size_t line_before(const char *text, size_t line)
{
    size_t at = line - 1;
    while (at > 0 && text[at - 1] != '\n')
        at--;
    return at;
}

/* Up over the comment that stands directly above. */
static size_t before_comment(const struct unit *unit, size_t line)
{
    const char *text = unit->source.text;
    bool inside = false;
    for (size_t at = line; at > 0;) {
        size_t before = line_before(text, at);
        size_t last = at - 1;
        bool ends = last >= before + 2 && text[last - 1] == '/' && text[last - 2] == '*';
        if (inside || ends) {
            inside = true;
            at = before;
            if (line_begins(text, before, last, "/*"))
                return before;
        } else if (line_begins(text, before, last, "//")) {
            at = line = before;
        } else {
            return line;
        }
    }
    return line;
}

void edit_define(struct unit *unit, struct finding *finding, const struct function *function,
                 const char *text)
{
    if (function->start_line > 0)
        add(unit, finding, before_comment(unit, line_offset(unit, function->start_line)), 0, text,
            true);
}

void edit_move_lines(struct unit *unit, struct finding *finding, int from, int to, int after)
{
    size_t begin = line_offset(unit, from), end = line_offset(unit, to + 1),
           target = line_offset(unit, after + 1);
    if (end <= begin || target < end || target > unit->source.length)
        return;
    add(unit, finding, begin, end - begin, "", false);
    add(unit, finding, target, 0, arena_copy(&unit->arena, unit->source.text + begin, end - begin),
        false);
}
