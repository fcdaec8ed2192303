#include "direct.h"

#include "buffer.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Sorted. What a shell does itself, even if there is a program of that name, or begins something with that is not a simple command. */
static const char *const shells_own[] = {
    "!",        ".",         ":",        "[",       "[[",      "alias",  "bg",      "bind",
    "break",    "builtin",   "caller",   "case",    "cd",      "chdir",  "command", "compgen",
    "complete", "compopt",   "continue", "coproc",  "declare", "dirs",   "disown",  "do",
    "done",     "echo",      "elif",     "else",    "enable",  "esac",   "eval",    "exec",
    "exit",     "export",    "false",    "fc",      "fg",      "fi",     "for",     "function",
    "getopts",  "hash",      "help",     "history", "if",      "in",     "jobs",    "kill",
    "let",      "local",     "logout",   "mapfile", "popd",    "printf", "pushd",   "pwd",
    "read",     "readarray", "readonly", "return",  "select",  "set",    "shift",   "shopt",
    "source",   "suspend",   "test",     "then",    "time",    "times",  "trap",    "true",
    "type",     "typeset",   "ulimit",   "umask",   "unalias", "unset",  "until",   "wait",
    "while"};

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_shells_own(const char *word)
{
    return bsearch(&word, shells_own, sizeof(shells_own) / sizeof(shells_own[0]),
                   sizeof(shells_own[0]), compare_texts) != NULL;
}

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
    if (words[0] && !strchr(words[0], '=') && !is_shells_own(words[0]))
        return words;
    free(words);
    return NULL;
}

bool direct_is_for_shell(int failed)
{
    return failed == ENOENT || failed == ENOTDIR || failed == EACCES || failed == ENOEXEC ||
           failed == ELOOP || failed == ENAMETOOLONG;
}
