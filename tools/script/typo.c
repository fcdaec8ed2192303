#define _GNU_SOURCE
#include "typo.h"

#include "buffer.h"
#include "shell.h"

#include <ctype.h>
#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>

enum { SHORTEST = 4 };

struct name {
    const char *text;
    size_t length;
};

static bool is_name(struct name a, const char *text)
{
    return strncmp(a.text, text, a.length) == 0 && text[a.length] == '\0';
}

static bool in_environment(struct name name)
{
    char *text = need_copy(name.text, name.length);
    lg_defer(free, text);
    return getenv(text) != NULL;
}

static bool is_of_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Whether the command mentions the name without a $: in an assignment, a `for`, a `read`. */
static bool is_set_in(const char *command, struct name name)
{
    for (const char *at = command; (at = strstr(at, name.text)) != NULL; at++) {
        bool length = at >= command + 2 && strncmp(at - 2, "{#", 2) == 0; /* ${#NAME} */
        char before = '{';
        if (!length)
            before = at > command ? at[-1] : ' ';
        if (!is_of_name(before) && before != '$' && before != '{' && !is_of_name(at[name.length]))
            return true;
    }
    return false;
}

/* With their cases and underscores taken away. */
static bool is_same_word(const char *a, const char *b)
{
    for (;; a++, b++) {
        a += strspn(a, "_");
        b += strspn(b, "_");
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        if (*a == '\0')
            return true;
    }
}

/* One letter too many, too few, another one, or two that are exchanged; but not another first letter (CFLAGS, LFLAGS) and no
 * other number (FILE1, FILE2). */
static bool is_near(const char *a, const char *b)
{
    size_t same = 0;
    while (a[same] && a[same] == b[same])
        same++;
    const char *x = a + same;
    const char *y = b + same;
    if (same == 0 || isdigit((unsigned char)*x) || isdigit((unsigned char)*y) || !*x || !*y)
        return same > 0 && (*x == '\0') != (*y == '\0') && strlen(x) + strlen(y) == 1 &&
               !isdigit((unsigned char)(*x | *y)) && tolower((unsigned char)(*x | *y)) != 's';
    return strcmp(x + 1, y + 1) == 0 || strcmp(x + 1, y) == 0 || strcmp(x, y + 1) == 0 ||
           (x[1] == y[0] && x[0] == y[1] && strcmp(x + 2, y + 2) == 0);
}

static bool is_slip(const char *used, const char *set)
{
    return strlen(used) >= SHORTEST && strlen(set) >= SHORTEST &&
           (is_same_word(used, set) || is_near(used, set));
}

/* The variable that was meant, if this one is set nowhere; or NULL. */
static const char *find_meant(const struct job_file *file, const char *command, struct name used)
{
    char *name = need_copy(used.text, used.length);
    lg_defer(free, name);
    const char *meant = NULL;
    for (size_t i = 0; i < file->count; i++) {
        const char *set = file->lines[i].name;
        if (set && is_name(used, set))
            return NULL;
        if (set && is_slip(name, set))
            meant = set;
    }
    bool known = !meant || in_environment(used) ||
                 is_set_in(command, (struct name){name, used.length});
    return known ? NULL : meant;
}

/* The variable of a piece. ${NAME-x}, ${NAME:=x} and the like say that it may be unset; ${NAME%x}, ${#NAME} do not. */
static struct name name_of(const struct shell_piece *piece)
{
    if (piece->kind == SHELL_VARIABLE)
        return (struct name){piece->name, piece->name_length};
    if (piece->kind != SHELL_OTHER || piece->start[1] != '{')
        return (struct name){0};
    const char *name = piece->start + 2 + (piece->start[2] == '#');
    size_t length = shell_name_length(name);
    const char *operation = name + length + (name[length] == ':');
    bool may_be_unset = *operation != '\0' && strchr("-=+?", *operation);
    return (struct name){name, may_be_unset ? 0 : length};
}

lg_error *typo_check(const struct job_file *file, const char *command)
{
    struct shell_scanner scanner;
    shell_scan(&scanner, command);
    for (;;) {
        struct shell_piece piece = shell_next(&scanner);
        if (piece.kind == SHELL_END || piece.kind == SHELL_ERROR)
            return NULL;
        struct name used = name_of(&piece);
        const char *meant = used.length > 0 ? find_meant(file, command, used) : NULL;
        int length = (int)used.length;
        if (meant)
            return lg_error_newf(
                "$%.*s is set nowhere, but $%s is: if $%.*s may be unset, write ${%.*s-}", length,
                used.text, meant, length, used.text, length, used.text);
    }
}
