#include "finding.h"

#include <stdarg.h>
#include <stdio.h>

struct finding *finding_add(struct arena *arena, finding_vec *findings, const char *check,
                            enum level level, const char *file, const char *function, int line,
                            int column)
{
    struct finding *finding = ADD(arena, findings);
    *finding = (struct finding){.check = check,
                                .level = level,
                                .file = file,
                                .function = function,
                                .line = line,
                                .column = column > 0 ? column : 1,
                                .message = ""};
    return finding;
}

void finding_note(struct arena *arena, struct finding *finding, int line, int column,
                  const char *format, ...)
{
    char text[400];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    struct finding_note *note = ADD(arena, &finding->notes);
    note->line = line;
    note->column = column > 0 ? column : 1;
    note->text = arena_copy(arena, text,
                            length < (int)sizeof(text) ? (size_t)length : sizeof(text) - 1);
}
