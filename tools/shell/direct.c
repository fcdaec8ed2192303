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

bool direct_is_for_shell(int failed)
{
    return failed == ENOENT || failed == ENOTDIR || failed == EACCES || failed == ENOEXEC ||
           failed == ELOOP || failed == ENAMETOOLONG;
}
