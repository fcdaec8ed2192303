#define _GNU_SOURCE
#include "lex.h"

#include "condition.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* No C is that long, and a file of holes may be terabytes. */
#define LARGEST ((off_t)64 << 20)

static bool is_text(int fd, struct stat *status)
{
    if (fstat(fd, status) != 0)
        return false;
    errno = !S_ISREG(status->st_mode) ? EINVAL : status->st_size > LARGEST ? EFBIG : 0;
    return errno == 0;
}

bool source_read(struct arena *arena, const char *path, struct source *source)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    struct stat status;
    bool ok = is_text(fd, &status);
    size_t length = 0, size = ok ? (size_t)status.st_size : 0;
    char *text = arena_take(arena, size + 4);
    for (ssize_t got; ok && length < size; length += (size_t)got) {
        got = read(fd, text + length, size - length);
        ok = got >= 0;
        if (got <= 0)
            break;
    }
    close(fd);
    *source = (struct source){path, text, length};
    return ok;
}

struct branch {
    bool active, taken, outer, alone;
    bool sure;           /* the branch that is taken is the one that holds for certain */
    int first;           /* token of the active branch */
    int other;           /* token of a further branch that is read as well; -1: none */
    bool functions;      /* the branch that is taken stands between functions, and has whole ones */
    const char *assumed; /* to be defined, or not, because this branch is read; NULL: nothing */
};

struct lexer {
    struct arena *arena;
    struct lexed *out;
    const char *at, *end, *line_start;
    int line;
    bool line_begins;
    int depth;  /* of braces */
    int others; /* branches that are read besides the one that is taken */
    VEC(struct branch) branches;
    struct conditions conditions;
};

static char peek(const struct lexer *lexer, int ahead)
{
    return lexer->at + ahead < lexer->end ? lexer->at[ahead] : '\0';
}

static bool skipping(const struct lexer *lexer)
{
    return lexer->branches.count > 0 && !lexer->branches.at[lexer->branches.count - 1].active;
}

static void newline(struct lexer *lexer)
{
    lexer->line++;
    lexer->line_start = lexer->at;
}

static void remark(struct lexer *lexer, const char *from, int line)
{
    size_t length = (size_t)(lexer->at - from);
    if (memmem(from, length, "lifoguard-vet:", 14))
        *ADD(lexer->arena, &lexer->out->remarks) = (struct remark){from, (int)length, line};
}

static void skip_comment(struct lexer *lexer)
{
    const char *from = lexer->at;
    int line = lexer->line;
    bool block = peek(lexer, 1) == '*';
    lexer->at += 2;
    while (lexer->at < lexer->end) {
        char c = *lexer->at++;
        if (c == '\n') {
            if (!block && lexer->at[-2] != '\\') {
                lexer->at--;
                break;
            }
            newline(lexer);
        } else if (block && c == '*' && peek(lexer, 0) == '/') {
            lexer->at++;
            break;
        }
    }
    remark(lexer, from, line);
}

/* Over white space, comments and continued lines; stops at the end of the line if asked to. */
static void skip_space(struct lexer *lexer, bool stop_at_line_end)
{
    while (lexer->at < lexer->end) {
        char c = *lexer->at;
        if (c == '/' && (peek(lexer, 1) == '/' || peek(lexer, 1) == '*')) {
            skip_comment(lexer);
        } else if (c == '\\' && (peek(lexer, 1) == '\n' || peek(lexer, 1) == '\r')) {
            lexer->at += peek(lexer, 1) == '\r' ? 3 : 2;
            newline(lexer);
        } else if (c == '\n') {
            if (stop_at_line_end)
                return;
            lexer->at++;
            newline(lexer);
            lexer->line_begins = true;
        } else if (isspace((unsigned char)c)) {
            lexer->at++;
        } else {
            return;
        }
    }
    if (lexer->at > lexer->end)
        lexer->at = lexer->end;
}

static bool name_byte(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static void lex_quoted(struct lexer *lexer, char quote)
{
    while (lexer->at < lexer->end && *lexer->at != quote && *lexer->at != '\n') {
        if (*lexer->at == '\\' && lexer->at + 1 < lexer->end) {
            lexer->at++;
            if (*lexer->at == '\r' && peek(lexer, 1) == '\n')
                lexer->at++;
            if (*lexer->at == '\n') {
                lexer->at++;
                newline(lexer);
                continue;
            }
        }
        lexer->at++;
    }
    if (lexer->at < lexer->end && *lexer->at == quote)
        lexer->at++;
}

static int sign_length(const struct lexer *lexer)
{
    char a = peek(lexer, 0), b = peek(lexer, 1), c = peek(lexer, 2);
    if ((a == '.' && b == '.' && c == '.') || ((a == '<' || a == '>') && b == a && c == '='))
        return 3;
    if (b == '=' && strchr("+-*/%&|^!=<>", a))
        return 2;
    if ((b == a && strchr("+-&|<>#", a)) || (a == '-' && b == '>'))
        return 2;
    return 1;
}

static void lex_number(struct lexer *lexer)
{
    while (lexer->at < lexer->end &&
           (name_byte(*lexer->at) || *lexer->at == '.' ||
            ((*lexer->at == '+' || *lexer->at == '-') && strchr("eEpP", lexer->at[-1]))))
        lexer->at++;
}

static struct token lex_token(struct lexer *lexer)
{
    const char *from = lexer->at;
    long column = from - lexer->line_start + 1;
    struct token token = {
        .text = from, .line = lexer->line, .column = (short)(column > 30000 ? 30000 : column)};
    char c = *lexer->at;
    if (isdigit((unsigned char)c) || (c == '.' && isdigit((unsigned char)peek(lexer, 1)))) {
        token.kind = TOKEN_NUMBER;
        lex_number(lexer);
    } else if (name_byte(c)) {
        while (lexer->at < lexer->end && name_byte(*lexer->at))
            lexer->at++;
        token.kind = TOKEN_NAME;
        char quote = peek(lexer, 0);
        if ((quote == '"' || quote == '\'') && lexer->at - from <= 2 && strchr("LuU", c)) {
            token.kind = quote == '"' ? TOKEN_STRING : TOKEN_CHARACTER;
            lexer->at++;
            lex_quoted(lexer, quote);
        } else {
            token.text = intern(from, (size_t)(lexer->at - from));
        }
    } else if (c == '"' || c == '\'') {
        token.kind = c == '"' ? TOKEN_STRING : TOKEN_CHARACTER;
        lexer->at++;
        lex_quoted(lexer, c);
    } else {
        int length = sign_length(lexer);
        token.kind = TOKEN_SIGN;
        for (int i = 0; i < length; i++)
            token.sign |= (unsigned char)from[i] << 8 * i;
        lexer->at += length;
    }
    token.length = (int)(lexer->at - from);
    return token;
}

/* ---- directives --------------------------------------------------------------------------------- */

static void lex_line(struct lexer *lexer, token_vec *tokens)
{
    for (;;) {
        skip_space(lexer, true);
        if (lexer->at >= lexer->end || *lexer->at == '\n')
            return;
        *ADD(lexer->arena, tokens) = lex_token(lexer);
    }
}

static int read_parameters(struct lexer *lexer, const token_vec *line, struct macro *macro)
{
    int i = 2;
    for (; i < line->count && line->at[i].sign != ')'; i++) {
        if (line->at[i].kind == TOKEN_NAME)
            *ADD(lexer->arena, &macro->parameters) = line->at[i].text;
        else if (line->at[i].sign == S3('.', '.', '.'))
            macro->variadic = true;
    }
    if (macro->variadic && (macro->parameters.count == 0 || line->at[i - 2].sign == ','))
        *ADD(lexer->arena, &macro->parameters) = intern_string("__VA_ARGS__");
    return i + 1;
}

static void define(struct lexer *lexer, const token_vec *line)
{
    if (line->count == 0 || line->at[0].kind != TOKEN_NAME)
        return;
    struct macro macro = {.name = line->at[0].text};
    int first = 1;
    if (line->count > 1 && line->at[1].sign == '(' && line->at[1].line == line->at[0].line &&
        line->at[1].column == line->at[0].column + line->at[0].length) {
        macro.function_like = true;
        first = read_parameters(lexer, line, &macro);
    }
    for (int i = first; i < line->count; i++)
        *ADD(lexer->arena, &macro.body) = line->at[i];
    *ADD(lexer->arena, &lexer->out->macros) = macro;
    conditions_define(&lexer->conditions, lexer->arena, macro.name,
                      line->count > 1 ? &line->at[1] : NULL);
}

static void include(struct lexer *lexer)
{
    skip_space(lexer, true);
    char open = peek(lexer, 0), close = open == '<' ? '>' : '"';
    if (open != '<' && open != '"')
        return;
    const char *from = ++lexer->at;
    while (lexer->at < lexer->end && *lexer->at != close && *lexer->at != '\n')
        lexer->at++;
    *ADD(lexer->arena, &lexer->out->includes) =
        (struct include){intern(from, (size_t)(lexer->at - from)), open == '<'};
}

static void begin_branch(struct lexer *lexer, enum truth holds)
{
    bool outer = !skipping(lexer), active = holds != FALSE_;
    *ADD(lexer->arena, &lexer->branches) = (struct branch){.active = outer && active,
                                                           .taken = active,
                                                           .outer = outer,
                                                           .alone = true,
                                                           .sure = holds == TRUE_,
                                                           .first = lexer->out->tokens.count,
                                                           .other = -1,
                                                           .functions = lexer->depth == 0};
}

/* Do the tokens from here on end as definitions do? */
static bool ends_definition(const struct lexer *lexer, int first)
{
    const token_vec *tokens = &lexer->out->tokens;
    int sign = tokens->count > first ? tokens->at[tokens->count - 1].sign : 0;
    return lexer->depth == 0 && (sign == ';' || sign == '}');
}

/* A further branch was read: it is forgotten if it is more, or less, than whole definitions. */
static void end_other(struct lexer *lexer, struct branch *branch)
{
    if (branch->other < 0)
        return;
    if (!ends_definition(lexer, branch->other)) {
        lexer->out->tokens.count = branch->other;
        lexer->depth = 0;
    }
    branch->other = -1;
    lexer->others--;
}

static bool has_brace(const token_vec *tokens, int first)
{
    for (int i = first; i < tokens->count; i++)
        if (tokens->at[i].sign == '{')
            return true;
    return false;
}

static void next_branch(struct lexer *lexer, enum truth holds)
{
    if (lexer->branches.count == 0)
        return;
    struct branch *branch = &lexer->branches.at[lexer->branches.count - 1];
    if (branch->active && branch->other < 0)
        branch->functions &= ends_definition(lexer, branch->first) &&
                             has_brace(&lexer->out->tokens, branch->first);
    end_other(lexer, branch);
    if (branch->active && holds != FALSE_ && !branch->sure && lexer->depth > 0 &&
        tokens_leave(&lexer->out->tokens, branch->first)) {
        tokens_make_conditional(lexer->arena, &lexer->out->tokens, branch->first);
        branch->taken = false;
    }
    branch->active = branch->outer && !branch->taken && holds != FALSE_;
    if (branch->active) {
        branch->first = lexer->out->tokens.count;
    } else if (branch->outer && holds != FALSE_ && branch->functions && !branch->sure) {
        branch->active = true;
        branch->other = lexer->out->tokens.count;
        lexer->others++;
    }
    branch->sure |= holds == TRUE_;
    branch->taken |= holds != FALSE_;
    branch->alone = false;
}

/* `#ifndef HAVE_X die("no X"); #endif`: what follows would never be reached, so it is not the usual configuration. */
static void end_branch(struct lexer *lexer)
{
    if (lexer->branches.count == 0)
        return;
    struct branch *branch = &lexer->branches.at[--lexer->branches.count];
    end_other(lexer, branch);
    token_vec *tokens = &lexer->out->tokens;
    if (branch->active && branch->alone && tokens_leave(tokens, branch->first)) {
        tokens->count = branch->first;
        if (branch->assumed)
            conditions_reverse(&lexer->conditions, branch->assumed);
    }
}

static enum truth condition(struct lexer *lexer, const token_vec *line)
{
    return conditions_hold(&lexer->conditions, line->at, line->count);
}

static enum truth is_defined(struct lexer *lexer, const token_vec *line, bool wanted)
{
    return line->count == 0 ? UNKNOWN
                            : conditions_defined(&lexer->conditions, line->at[0].text, wanted);
}

static bool is(const char *name, const char *text)
{
    return strcmp(name, text) == 0;
}

/* #ifdef HAVE_X … #endif … #ifndef HAVE_X … #endif within a function: the second is not read if the first was. */
static void assume(struct lexer *lexer, const char *directive, const token_vec *line)
{
    struct branch *branch = &lexer->branches.at[lexer->branches.count - 1];
    if (branch->active && !branch->sure && lexer->depth > 0 && lexer->others == 0)
        branch->assumed = conditions_assume(&lexer->conditions, directive, line->at, line->count);
}

static void directive(struct lexer *lexer)
{
    lexer->at++;
    skip_space(lexer, true);
    if (!name_byte(peek(lexer, 0)))
        return;
    const char *name = lex_token(lexer).text;
    bool defines = !skipping(lexer) && lexer->others == 0;
    if (is(name, "include") && defines)
        include(lexer);
    token_vec line = {0};
    bool conditional = is(name, "if") || is(name, "ifdef") || is(name, "ifndef") ||
                       is(name, "elif");
    if (conditional || (defines && (is(name, "define") || is(name, "undef"))))
        lex_line(lexer, &line);
    lexer->out->alternatives |= is(name, "elif") || is(name, "else");
    if (is(name, "if"))
        begin_branch(lexer, condition(lexer, &line));
    else if (is(name, "ifdef"))
        begin_branch(lexer, is_defined(lexer, &line, true));
    else if (is(name, "ifndef"))
        begin_branch(lexer, is_defined(lexer, &line, false));
    else if (is(name, "elif"))
        next_branch(lexer, condition(lexer, &line));
    else if (is(name, "else"))
        next_branch(lexer, UNKNOWN);
    else if (is(name, "endif"))
        end_branch(lexer);
    else if (is(name, "define") && defines)
        define(lexer, &line);
    else if (is(name, "undef") && line.count > 0)
        conditions_undefine(&lexer->conditions, line.at[0].text);
    if (name[0] == 'i' && conditional)
        assume(lexer, name, &line);
}

/* To the end of the line, or of its continuation. */
static void skip_line(struct lexer *lexer)
{
    while (lexer->at < lexer->end) {
        const char *stop = memchr(lexer->at, '\n', (size_t)(lexer->end - lexer->at));
        lexer->at = stop ? stop : lexer->end;
        bool continued = lexer->at < lexer->end && lexer->at > lexer->line_start &&
                         (lexer->at[-1] == '\\' ||
                          (lexer->at[-1] == '\r' && lexer->at[-2] == '\\'));
        if (!continued)
            return;
        lexer->at++;
        newline(lexer);
    }
}

static void skip_inactive_line(struct lexer *lexer)
{
    while (lexer->at < lexer->end && *lexer->at != '\n') {
        if (*lexer->at == '/' && peek(lexer, 1) == '*')
            skip_comment(lexer);
        else if (*lexer->at == '"' || (*lexer->at == '/' && peek(lexer, 1) == '/'))
            skip_line(lexer);
        else
            lexer->at++;
    }
}

void lex(struct arena *arena, const struct source *source, struct lexed *lexed)
{
    struct lexer lexer = {.arena = arena,
                          .out = lexed,
                          .at = source->text,
                          .end = source->text + source->length,
                          .line_start = source->text,
                          .line = 1,
                          .line_begins = true};
    for (;;) {
        skip_space(&lexer, false);
        if (lexer.at >= lexer.end)
            break;
        if (lexer.line_begins && *lexer.at == '#') {
            directive(&lexer);
            skip_line(&lexer);
        } else if (skipping(&lexer)) {
            skip_inactive_line(&lexer);
        } else {
            struct token token = lex_token(&lexer);
            lexer.depth += (token.sign == '{') - (token.sign == '}');
            if (lexer.depth == 0 && token.sign == '}')
                conditions_forget(&lexer.conditions);
            *ADD(arena, &lexed->tokens) = token;
            lexer.line_begins = false;
        }
    }
    *ADD(arena, &lexed->tokens) = (struct token){.kind = TOKEN_END, .line = lexer.line, .text = ""};
    conditions_free(&lexer.conditions);
}

bool token_is(const struct token *token, const char *word)
{
    return token->kind == TOKEN_NAME && strcmp(token->text, word) == 0;
}
