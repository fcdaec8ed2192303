#include "direct.h"

#include "buffer.h"
#include "words.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

char **split_words(const char *text)
{
    size_t length = strlen(text), most = length / 2 + 2;
    char **words = need_memory(NULL, most * sizeof(*words) + length + 1);
    char *rest = (char *)(words + most);
    memcpy(rest, text, length + 1);
    size_t count = 0;
    for (char *word; (word = strsep(&rest, " \t")) != NULL;)
        if (*word)
            words[count++] = word;
    words[count] = NULL;
    return words;
}

char **direct_words(const char *command)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:,@%+= \t";
    if (command[strspn(command, plain)] != '\0')
        return NULL;
    char **words = split_words(command);
    if (words[0] && !strchr(words[0], '=') &&
        shell_word_kind(words[0], strlen(words[0])) == SHELL_WORD_NONE)
        return words;
    free(words);
    return NULL;
}

char **direct_words_of_shell(const char *const *arguments)
{
    static const char *const options[] = {"-c", "-ec", "-euc"};
    if (strcmp(arguments[0], "/bin/sh") != 0 || !arguments[1])
        return NULL;
    const char *const *command = arguments + 2;
    if (*command && strcmp(*command, "--") == 0)
        command++;
    for (size_t i = 0; *command && i < sizeof(options) / sizeof(options[0]); i++)
        if (strcmp(arguments[1], options[i]) == 0)
            return direct_words(*command);
    return NULL;
}

/* At a quotation: what is behind it, or NULL if it has no end, or if the shell has something to read in it. */
static const char *behind_quotation(const char *text)
{
    const char *end = text + 1 + strcspn(text + 1, *text == '"' ? "\"\\`" : "'");
    if (*end != *text)
        return NULL;
    for (const char *at = text; *text == '"' && (at = memchr(at, '$', (size_t)(end - at))); at++)
        if (at[1] == '(' || at[1] == '{')
            return NULL;
    return end + 1;
}

/* What is behind a word, at its beginning if there is none; NULL: a shell has to read it. */
static const char *behind_word(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:,@%+=*?~";
    while (text && *text) {
        if (*text == '"' || *text == '\'')
            text = behind_quotation(text);
        else if (*text == '$' && text[1] && strchr("!#", text[1]))
            text += 2;
        else if (*text == '$' ? !text[1] || !strchr("({'\"`", text[1])
                              : strchr(plain, *text) != NULL)
            text++;
        else
            break;
    }
    return text;
}

/* At an operator: what is behind it. NULL: it is none of ; && || | > >> < >& <&. */
static const char *behind_operator(const char *text)
{
    static const char *const operators[] = {"&&", "||", ">>", ">&", "<&", ";", "|", ">", "<"};
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        size_t length = strlen(operators[i]);
        if (strncmp(text, operators[i], length) == 0)
            return strchr(";&|<>(", text[length]) && text[length] ? NULL : text + length;
    }
    return NULL;
}

/* At what follows > or <: what is behind the file, or behind a digit or - if the operator ends in &. NULL: neither is there. */
static const char *behind_file(const char *text)
{
    bool is_descriptor = text[-1] == '&';
    text += strspn(text, " \t");
    const char *end = behind_word(text);
    if (!end || end == text || *end == '>' || *end == '<') /* "< 2>": the 2 is the next one's */
        return NULL;
    return !is_descriptor || (end == text + 1 && strchr("0123456789-", *text)) ? end : NULL;
}

/* Of any shell; the others are words of commands. */
static bool is_reserved(const char *word, size_t length)
{
    static const char *const reserved[] = {
        "case", "coproc", "do",      "done",     "elif", "else",   "esac",
        "fi",   "for",    "foreach", "function", "if",   "in",     "select",
        "then", "time",   "until",   "while",    "end",  "repeat", "nocorrect"};
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        if (strlen(reserved[i]) == length && strncmp(reserved[i], word, length) == 0)
            return true;
    return false;
}

bool direct_is_readable(const char *text)
{
    bool has_command = false;
    for (const char *end;; text = end) {
        text += strspn(text, " \t");
        end = behind_word(text);
        if (end > text) {
            if (!has_command && is_reserved(text, (size_t)(end - text)))
                return false;
            has_command = true;
            continue;
        }
        if (!end || !has_command || *text == '\0')
            return end && has_command;
        end = behind_operator(text);
        if (!end)
            return false;
        has_command = *text == '>' || *text == '<';
        if (has_command && !(end = behind_file(end)))
            return false;
    }
}

bool direct_is_for_shell(int failed)
{
    return failed == ENOENT || failed == ENOTDIR || failed == EACCES || failed == ENOEXEC ||
           failed == ELOOP || failed == ENAMETOOLONG;
}
