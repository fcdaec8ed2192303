#include "words.h"

#include <stdlib.h>
#include <string.h>

/* Sorted. */
static const struct entry {
    const char *word;
    enum shell_word kind;
} entries[] = {
    {"!", SHELL_WORD_ONLY},         {".", SHELL_WORD_ONLY},        {":", SHELL_WORD_ONLY},
    {"[", SHELL_WORD_ALSO},         {"[[", SHELL_WORD_ONLY},       {"alias", SHELL_WORD_ONLY},
    {"bg", SHELL_WORD_ONLY},        {"bind", SHELL_WORD_ONLY},     {"break", SHELL_WORD_ONLY},
    {"builtin", SHELL_WORD_ONLY},   {"caller", SHELL_WORD_ONLY},   {"case", SHELL_WORD_ONLY},
    {"cd", SHELL_WORD_ONLY},        {"chdir", SHELL_WORD_ONLY},    {"command", SHELL_WORD_ONLY},
    {"compgen", SHELL_WORD_ONLY},   {"complete", SHELL_WORD_ONLY}, {"compopt", SHELL_WORD_ONLY},
    {"continue", SHELL_WORD_ONLY},  {"coproc", SHELL_WORD_ONLY},   {"declare", SHELL_WORD_ONLY},
    {"dirs", SHELL_WORD_ONLY},      {"disown", SHELL_WORD_ONLY},   {"do", SHELL_WORD_ONLY},
    {"done", SHELL_WORD_ONLY},      {"echo", SHELL_WORD_ALSO},     {"elif", SHELL_WORD_ONLY},
    {"else", SHELL_WORD_ONLY},      {"enable", SHELL_WORD_ONLY},   {"esac", SHELL_WORD_ONLY},
    {"eval", SHELL_WORD_ONLY},      {"exec", SHELL_WORD_ONLY},     {"exit", SHELL_WORD_ONLY},
    {"export", SHELL_WORD_ONLY},    {"false", SHELL_WORD_ALSO},    {"fc", SHELL_WORD_ONLY},
    {"fg", SHELL_WORD_ONLY},        {"fi", SHELL_WORD_ONLY},       {"for", SHELL_WORD_ONLY},
    {"function", SHELL_WORD_ONLY},  {"getopts", SHELL_WORD_ONLY},  {"hash", SHELL_WORD_ONLY},
    {"help", SHELL_WORD_ONLY},      {"history", SHELL_WORD_ONLY},  {"if", SHELL_WORD_ONLY},
    {"in", SHELL_WORD_ONLY},        {"jobs", SHELL_WORD_ONLY},     {"kill", SHELL_WORD_ALSO},
    {"let", SHELL_WORD_ONLY},       {"local", SHELL_WORD_ONLY},    {"logout", SHELL_WORD_ONLY},
    {"mapfile", SHELL_WORD_ONLY},   {"popd", SHELL_WORD_ONLY},     {"printf", SHELL_WORD_ALSO},
    {"pushd", SHELL_WORD_ONLY},     {"pwd", SHELL_WORD_ALSO},      {"read", SHELL_WORD_ONLY},
    {"readarray", SHELL_WORD_ONLY}, {"readonly", SHELL_WORD_ONLY}, {"return", SHELL_WORD_ONLY},
    {"select", SHELL_WORD_ONLY},    {"set", SHELL_WORD_ONLY},      {"shift", SHELL_WORD_ONLY},
    {"shopt", SHELL_WORD_ONLY},     {"source", SHELL_WORD_ONLY},   {"suspend", SHELL_WORD_ONLY},
    {"test", SHELL_WORD_ALSO},      {"then", SHELL_WORD_ONLY},     {"time", SHELL_WORD_ONLY},
    {"times", SHELL_WORD_ONLY},     {"trap", SHELL_WORD_ONLY},     {"true", SHELL_WORD_ALSO},
    {"type", SHELL_WORD_ONLY},      {"typeset", SHELL_WORD_ONLY},  {"ulimit", SHELL_WORD_ONLY},
    {"umask", SHELL_WORD_ONLY},     {"unalias", SHELL_WORD_ONLY},  {"unset", SHELL_WORD_ONLY},
    {"until", SHELL_WORD_ONLY},     {"wait", SHELL_WORD_ONLY},     {"while", SHELL_WORD_ONLY},
    {"{", SHELL_WORD_ONLY},         {"}", SHELL_WORD_ONLY},
};

struct wanted {
    const char *word;
    size_t length;
};

static int compare(const void *key, const void *element)
{
    const struct wanted *wanted = key;
    const char *word = ((const struct entry *)element)->word;
    int order = strncmp(wanted->word, word, wanted->length);
    return order == 0 && word[wanted->length] != '\0' ? -1 : order;
}

enum shell_word shell_word_kind(const char *word, size_t length)
{
    const struct wanted wanted = {word, length};
    const struct entry *entry = bsearch(&wanted, entries, sizeof(entries) / sizeof(entries[0]),
                                        sizeof(entries[0]), compare);
    return entry ? entry->kind : SHELL_WORD_NONE;
}
