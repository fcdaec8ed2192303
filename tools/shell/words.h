/* The words that a shell does itself: its own commands, and what begins or ends a compound command. */
#ifndef LIFOGUARD_SHELL_WORDS_H
#define LIFOGUARD_SHELL_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum shell_word {
    SHELL_WORD_NONE, /* none of sh or bash */
    SHELL_WORD_ALSO, /* a program of this name does the same: echo, test, … */
    SHELL_WORD_ONLY  /* only a shell can do that: cd, eval, if, … */
};

enum shell_word shell_word_kind(const char *word, size_t length);

#endif
