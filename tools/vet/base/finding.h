/* What the checker found. */
#ifndef VET_FINDING_H
#define VET_FINDING_H

#include "base.h"

enum level { LEVEL_NONE, LEVEL_ALL, LEVEL_LIKELY, LEVEL_SURE };

struct finding_note {
    int line, column;
    const char *text;
};

/* At `offset`, `length` bytes are replaced by `text`. `once`: the same text is wanted once in a file. */
struct edit {
    size_t offset, length;
    const char *text;
    bool once;
};

struct finding {
    const char *check; /* its name */
    enum level level;
    const char *file, *function;
    int line, column;
    const char *message;
    const char *advice; /* what to write; NULL: nothing */
    const char *about;  /* the variable that it is about; NULL: it does not matter */
    VEC(struct finding_note) notes;
    VEC(struct edit) edits; /* that mend it; none: it is not mechanical */
    uint64_t key; /* for the baseline: made of the function and the content, not of lines */
    bool more;    /* there are further findings of the same cause, which are not reported */
    const char *suppressed; /* the reason that a comment gives */
};

typedef VEC(struct finding) finding_vec;

struct finding *finding_add(struct arena *arena, finding_vec *findings, const char *check,
                            enum level level, const char *file, const char *function, int line,
                            int column);
__attribute__((format(printf, 5, 6))) void finding_note(struct arena *arena,
                                                        struct finding *finding, int line,
                                                        int column, const char *format, ...);

#endif
