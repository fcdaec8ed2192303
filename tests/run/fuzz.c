/* Job files with a command a line (fuzz.h). Whatever it is given, the reader must not crash, must say a place for each error, must say the same
 * about the same file, and must accept only lines whose quotes are closed, also once variables are expanded. */
#define _GNU_SOURCE
#include "../fuzz.h"
#include "expand.h"
#include "parse.h"
#include "shell.h"

#include <lifoguard/defer.h>
#include <lifoguard/error.h>

static const char *awkward(const char *name, size_t length, void *data)
{
    (void)data;
    static const char *const values[] = {"it's", "a \"b\" `c` $D ${E} \\", "", "; f() { (", "x\ny"};
    return values[(length + (unsigned char)*name) % (sizeof(values) / sizeof(values[0]))];
}

static bool is_closed(const char *command)
{
    struct shell_scanner scanner;
    shell_scan(&scanner, command);
    struct shell_piece piece;
    do
        piece = shell_next(&scanner);
    while (piece.kind != SHELL_END && piece.kind != SHELL_ERROR);
    return piece.kind == SHELL_END;
}

static bool has_place(const lg_error *err)
{
    const char *message = lg_error_message(err);
    return strncmp(message, "f:", 2) == 0 && message[2] >= '0' && message[2] <= '9';
}

static bool have_places(const lg_error *err)
{
    lg_error_cursor cursor = lg_error_children(err);
    const lg_error *one = lg_error_next(&cursor);
    if (!one || has_place(err))
        return has_place(err);
    for (; one; one = lg_error_next(&cursor))
        if (!have_places(one))
            return false;
    return true;
}

static void check_expansion(const struct line *line, const char *data, size_t size)
{
    const struct variables variables = {.lookup = awkward};
    char *expanded = NULL;
    lg_error *err = expand(line->command, EXPAND_ALL, &variables, &expanded);
    lg_defer(free, expanded);
    lg_defer(lg_error_free, err);
    if (!err && !is_closed(expanded))
        give_up("expanded to something that is not closed", data, size);
}

static void check_lines(const struct job_file *file, const char *data, size_t size)
{
    for (size_t i = 0; i < file->count; i++) {
        const struct line *line = &file->lines[i];
        if (i > 0 && line->number <= file->lines[i - 1].number)
            give_up("lines that are not in order", data, size);
        if (!is_closed(line->command))
            give_up("accepted, but not closed", data, size);
        if (line->kind == LINE_DEFER)
            check_expansion(line, data, size);
    }
}

static char *verdict_on(const char *data, size_t size)
{
    struct job_file file = {0};
    lg_defer(job_file_free, &file);
    lg_error *err = job_file_parse("f", data, size, &file);
    lg_defer(lg_error_free, err);
    if (err && !have_places(err))
        give_up("an error without a place", data, size);
    if (!err)
        check_lines(&file, data, size);
    return err ? lg_error_text(err) : NULL;
}

static void fuzz_one(const char *data, size_t size)
{
    char *first = verdict_on(data, size);
    char *second = verdict_on(data, size);
    bool same = first && second ? strcmp(first, second) == 0 : first == second;
    free(first);
    free(second);
    if (!same)
        give_up("two verdicts on the same file", data, size);
}

static void fuzz_end(void) {}

static const char *fuzz_token(size_t i)
{
    static const char *const tokens[] = {
        "defer ",
        "with ",
        "--timeout 1s ",
        "--grace 1m30s ",
        "--retry 3 ",
        "--on-failure ",
        "secret A",
        "wait ",
        "$!",
        "$A",
        "${A:-b}",
        "\"$@\"",
        "$1",
        "A=",
        "A+=",
        "$(",
        ")",
        "`",
        "'",
        "\"",
        "\\\n",
        "\\",
        "#",
        " & ",
        "&&",
        "||",
        ";",
        "{ ",
        "}",
        "case x in ",
        "esac",
        "f() { ",
        "((",
        "))",
        "${",
        "<<EOF",
        "\r\n",
        "\n",
        "\t",
        "\xff",
        "\xef\xbb\xbf",
        "$$",
    };
    return tokens[i % (sizeof(tokens) / sizeof(tokens[0]))];
}
