#include "shell.h"

#include "words.h"

#include <stdio.h>
#include <string.h>

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

size_t shell_name_length(const char *text)
{
    size_t length = 0;
    if (is_name_start(text[0]))
        while (is_name_start(text[length]) || (text[length] >= '0' && text[length] <= '9'))
            length++;
    return length;
}

void shell_scan(struct shell_scanner *scanner, const char *line)
{
    *scanner = (struct shell_scanner){.at = line, .word_begins = true, .command = true};
}

static char innermost(const struct shell_scanner *scanner)
{
    // NOLINTNEXTLINE(clang-analyzer-security.ArrayBound): open_nesting keeps `depth` at most SHELL_DEEPEST
    return scanner->depth ? scanner->in[scanner->depth - 1] : '\0';
}

static void open_nesting(struct shell_scanner *scanner, char what)
{
    if (scanner->depth == SHELL_DEEPEST)
        snprintf(scanner->error, sizeof(scanner->error), "nested more than %d deep", SHELL_DEEPEST);
    else
        scanner->in[scanner->depth++] = what;
}

/* A backtick closes the innermost open one with all that was opened in it, or opens one. */
static void backtick(struct shell_scanner *scanner)
{
    for (unsigned i = scanner->depth; i > 0; i--)
        if (scanner->in[i - 1] == '`') {
            scanner->depth = i - 1;
            return;
        }
    open_nesting(scanner, '`');
}

static void not_closed(struct shell_scanner *scanner, const char *what)
{
    snprintf(
        scanner->error, sizeof(scanner->error),
        "%s is not closed; a command ends with its line (a \\ at the end of a line continues it)",
        what);
}

/* Single quotes quote, unless they stand in "…", or in a ${…} in "…". */
static bool single_quotes_count(const struct shell_scanner *scanner)
{
    for (unsigned i = scanner->depth; i > 0; i--) {
        if (scanner->in[i - 1] == '"')
            return false;
        if (scanner->in[i - 1] != '{')
            return true;
    }
    return true;
}

/* At a dollar: $NAME or ${NAME}. */
static bool is_variable(struct shell_piece *piece)
{
    bool in_braces = piece->start[1] == '{';
    const char *name = piece->start + (in_braces ? 2 : 1);
    size_t length = shell_name_length(name);
    if (length == 0 || (in_braces && name[length] != '}'))
        return false;
    piece->kind = SHELL_VARIABLE;
    piece->name = name;
    piece->name_length = length;
    piece->length = length + (in_braces ? 3 : 1);
    return true;
}

/* At a dollar: $! or ${!}. */
static bool is_last_pid(struct shell_piece *piece)
{
    bool in_braces = strncmp(piece->start, "${!}", 4) == 0;
    if (!in_braces && piece->start[1] != '!')
        return false;
    piece->kind = SHELL_LAST_PID;
    piece->length = in_braces ? 4 : 2;
    return true;
}

/* At a dollar: $(, $(( or ${, which it opens. */
static bool is_opening(struct shell_scanner *scanner, struct shell_piece *piece)
{
    const char *at = piece->start + 1;
    if (*at != '(' && *at != '{')
        return false;
    bool arithmetic = strncmp(at, "((", 2) == 0;
    bool sign = *at == '{' && (at[1] == '#' || at[1] == '!'); /* which belongs to the brace */
    piece->kind = *at == '{' || arithmetic ? SHELL_OTHER : SHELL_TEXT;
    piece->length = arithmetic || sign ? 3 : 2;
    open_nesting(scanner, *at);
    if (arithmetic)
        open_nesting(scanner, '(');
    return true;
}

/* At a dollar. */
static void dollar(struct shell_scanner *scanner, struct shell_piece *piece)
{
    char next = piece->start[1];
    if (!is_variable(piece) && !is_last_pid(piece) && !is_opening(scanner, piece) && next != '\0' &&
        strchr("0123456789?$#@*-", next)) {
        piece->kind = SHELL_OTHER;
        piece->length = 2;
    }
    scanner->word_begins = scanner->depth > piece->depth && innermost(scanner) == '(';
    scanner->command = scanner->word_begins;
}

static bool is_one_of(const char *const *words, const char *word, size_t length)
{
    for (; *words; words++)
        if (strlen(*words) == length && strncmp(*words, word, length) == 0)
            return true;
    return false;
}

/* Reserved words that a command follows. */
static const char *const before_commands[] = {"then",  "do", "else", "elif", "if", "while",
                                              "until", "!",  "{",    "time", NULL};

/* At the beginning of a word. Opens and closes case … esac, in which a ) ends a pattern. Returns the length
 * of a reserved word that matters, or 0. */
static size_t reserved_word(struct shell_scanner *scanner)
{
    const char *word = scanner->at;
    if (strchr(" \t;&|<>()#", *word))
        return 0;
    size_t length = strcspn(word, " \t;&|<>()'\"`$\\");
    bool command = scanner->command;
    bool in_case = innermost(scanner) == 'c';
    scanner->command = (command && is_one_of(before_commands, word, length)) ||
                       (in_case && length == 2 && strncmp(word, "in", 2) == 0);
    if (!command || length != 4)
        return 0;
    if (strncmp(word, "case", 4) == 0)
        open_nesting(scanner, 'c');
    else if (in_case && strncmp(word, "esac", 4) == 0)
        scanner->depth--;
    else
        return 0;
    return length;
}

static const char *what_is_open(char inside)
{
    switch (inside) {
    case '"': return "a \"";
    case '(': return "a (";
    case '{': return "a ${";
    case 'c': return "a case";
    default: return "a `";
    }
}

/* At the end of the line, or after an error. */
static struct shell_piece end_piece(const struct shell_scanner *scanner, struct shell_piece piece)
{
    piece.kind = scanner->error[0] ? SHELL_ERROR : SHELL_END;
    piece.length = 0;
    return piece;
}

static void single_quoted(struct shell_scanner *scanner, struct shell_piece *piece)
{
    const char *end = strchr(piece->start + 1, '\'');
    if (end)
        piece->length = (size_t)(end - piece->start) + 1;
    else
        not_closed(scanner, "a '");
}

/* A character that is special also in a quotation. False: it is none. */
static bool quoting(struct shell_scanner *scanner, struct shell_piece *piece, char inside)
{
    switch (*piece->start) {
    case '\\': piece->length = piece->start[1] == '\0' ? 1 : 2; return true;
    case '\'':
        if (single_quotes_count(scanner))
            single_quoted(scanner, piece);
        return true;
    case '"':
        if (inside == '"')
            scanner->depth--;
        else
            open_nesting(scanner, '"');
        return true;
    case '`':
        piece->kind = SHELL_BACKTICK;
        backtick(scanner);
        scanner->word_begins = scanner->command = inside != '`';
        return true;
    case '$': dollar(scanner, piece); return true;
    case '}':
        if (inside == '{')
            scanner->depth--;
        return true;
    default: return false;
    }
}

static void take_operator(struct shell_scanner *scanner, struct shell_piece *piece, char inside)
{
    char c = *piece->start;
    piece->kind = SHELL_OPERATOR;
    scanner->word_begins = true;
    scanner->command = c != '<' && c != '>';
    if (c == '(')
        open_nesting(scanner, '(');
    else if (c == ')' && inside == '(')
        scanner->depth--;
}

/* Outside of all quotations: blanks, operators, comments. */
static void unquoted(struct shell_scanner *scanner, struct shell_piece *piece, bool word_begins)
{
    char c = *piece->start;
    if (c == '#' && word_begins) {
        piece->kind = SHELL_COMMENT;
        piece->length = strlen(piece->start);
    } else if (c == ' ' || c == '\t') {
        piece->kind = SHELL_BLANK;
        piece->length = strspn(piece->start, " \t");
        scanner->word_begins = true;
    } else if (strchr("&;|<>()", c)) {
        take_operator(scanner, piece, innermost(scanner));
    }
}

/* Characters that mean nothing in any quotation: a run of them is one piece. */
static size_t plain_length(const char *text)
{
    size_t length = 0;
    while (is_name_start(text[length]) || (text[length] >= '-' && text[length] <= '9'))
        length++;
    return length;
}

struct shell_piece shell_next(struct shell_scanner *scanner)
{
    char inside = innermost(scanner);
    struct shell_piece piece = {.kind = SHELL_TEXT,
                                .start = scanner->at,
                                .length = 1,
                                .depth = scanner->depth,
                                .quoted = inside == '"'};
    bool plain = inside != '"' && inside != '{', word_begins = scanner->word_begins;
    bool ends = *piece.start == '\0';
    size_t reserved = 0;

    scanner->word_begins = false;
    if (ends && !scanner->error[0] && inside != '\0')
        not_closed(scanner, what_is_open(inside));
    if (ends || scanner->error[0])
        return end_piece(scanner, piece);
    if (plain && word_begins)
        reserved = reserved_word(scanner);
    size_t plain_text = plain_length(piece.start);
    if (reserved > 0)
        piece.length = reserved;
    else if (plain_text > 0)
        piece.length = plain_text;
    else if (!quoting(scanner, &piece, inside) && plain)
        unquoted(scanner, &piece, word_begins);
    if (scanner->error[0])
        return end_piece(scanner, piece);
    scanner->at = piece.start + piece.length;
    return piece;
}

long shell_exec_place(const char *command)
{
    struct shell_scanner scanner;
    shell_scan(&scanner, command);
    const char *word = NULL;  /* the one that is being read */
    const char *place = NULL; /* the first that is not an assignment */
    for (char previous = '\0';;) {
        struct shell_piece piece = shell_next(&scanner);
        bool outside = piece.depth == 0;
        bool ends = piece.kind == SHELL_END || piece.kind == SHELL_COMMENT;
        bool is_operator = piece.kind == SHELL_OPERATOR && outside;
        if (piece.kind == SHELL_ERROR)
            return -1;
        if (word && outside && (ends || is_operator || piece.kind == SHELL_BLANK)) {
            size_t name = shell_name_length(word);
            if (!place && !(name > 0 && word[name] == '=')) {
                if (shell_word_kind(word, (size_t)(piece.start - word)) == SHELL_WORD_ONLY)
                    return -1;
                place = word;
            }
            word = NULL;
        } else if (!word && outside && !ends && !is_operator && piece.kind != SHELL_BLANK) {
            word = piece.start;
        }
        if (ends)
            break;
        /* A redirection is part of a simple command, but only behind its name is that easily seen. */
        bool redirects = is_operator &&
                         (*piece.start == '<' || *piece.start == '>' ||
                          (*piece.start == '&' && (previous == '<' || previous == '>')));
        if (is_operator && (!redirects || !place))
            return -1;
        previous = is_operator ? *piece.start : '\0';
    }
    return place ? place - command : -1;
}

/* What a word is, by those before it in the same simple command. */
enum word_place { WORD_COMMAND, WORD_OF_FOR, WORD_OF_READ, WORD_OTHER };

static enum word_place place_behind(enum word_place place, const char *word, size_t length)
{
    static const char *const loops[] = {"for", "select", NULL};
    static const char *const reads[] = {"read", NULL};
    size_t name = shell_name_length(word);
    bool stays = is_one_of(before_commands, word, length) || (name > 0 && word[name] == '=');
    if (place == WORD_OF_READ || (place == WORD_COMMAND && stays))
        return place;
    if (place == WORD_COMMAND && is_one_of(loops, word, length))
        return WORD_OF_FOR;
    return place == WORD_COMMAND && is_one_of(reads, word, length) ? WORD_OF_READ : WORD_OTHER;
}

bool shell_binds(const char *command, size_t length, const char *name, size_t name_length)
{
    struct shell_scanner scanner;
    shell_scan(&scanner, command);
    enum word_place place = WORD_COMMAND;
    const char *word = NULL;
    for (;;) {
        struct shell_piece piece = shell_next(&scanner);
        bool ends = piece.kind == SHELL_END || piece.kind == SHELL_ERROR;
        bool opens = piece.kind == SHELL_BACKTICK || strncmp(piece.start, "$(", 2) == 0;
        bool separates = ends || opens || piece.kind == SHELL_BLANK || piece.kind == SHELL_OPERATOR;
        if (word && separates) {
            size_t size = (size_t)(piece.start - word);
            bool sets = place == WORD_OF_FOR || place == WORD_OF_READ;
            if (sets && size == name_length && strncmp(word, name, size) == 0)
                return true;
            place = place_behind(place, word, size);
            word = NULL;
        } else if (!word && !separates) {
            word = piece.start;
        }
        if (ends || (size_t)(piece.start - command) >= length)
            return false;
        if (opens || (piece.kind == SHELL_OPERATOR && !strchr("<>", *piece.start)))
            place = WORD_COMMAND;
    }
}
