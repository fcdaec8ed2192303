/* random-programs: writes what is to be compiled.
 *
 *     random-programs shapes COUNT FROM TO FILE      shapes FROM up to TO, of COUNT, as C
 *     random-programs table COUNT FILE               their table
 *     random-programs programs COUNT SEED FOLDER     programs that Go has a meaning for, in both languages
 */
#include <stdlib.h>
#include <string.h>

#include "ast.h"

static FILE *create(const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file) {
        perror(path);
        exit(1);
    }
    return file;
}

static void finish(FILE *file, const char *path)
{
    if (fflush(file) != 0 || ferror(file) || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void write_shapes(int count, int from, int to, const char *path)
{
    struct arena *arena = arena_new();
    struct shape **shape = calloc((size_t)count, sizeof(struct shape *));
    for (int i = 0; shape && i < count; i++)
        shape[i] = generate_shape(arena, SHAPE_SEED + (unsigned long long)i, false);
    FILE *out = create(path);
    emit_c_shapes(out, &(struct shapes){.count = count, .shape = shape}, from, to);
    finish(out, path);
    free(shape);
    arena_free(arena);
}

enum { IN_A_FILE = 100, SHAPES_OF_A_PROGRAM = 12 };

/* Each program has shapes of its own. */
static void write_programs(int count, unsigned long long seed, const char *folder)
{
    static struct program program;
    struct coverage coverage = {0};
    struct arena *arena = arena_new();
    char path[4096], trace[TRACE_SIZE];
    FILE *c = NULL;

    snprintf(path, sizeof(path), "%s/programs.go", folder);
    FILE *go = create(path);
    snprintf(path, sizeof(path), "%s/expected", folder);
    FILE *expected = create(path);
    emit_go_prelude(go);
    for (int made = 0; made < count; seed++) {
        struct shape *shape[SHAPES_OF_A_PROGRAM];
        arena_reset(arena);
        for (int i = 0; i < SHAPES_OF_A_PROGRAM; i++)
            shape[i] = generate_shape(arena, seed * SHAPES_OF_A_PROGRAM + (unsigned)i, true);
        generate_program(arena, &program, seed,
                         &(struct shapes){.count = SHAPES_OF_A_PROGRAM, .shape = shape}, true);
        if (!model_run(&program, trace, &coverage) || strlen(trace) < 30)
            continue;
        if (made % IN_A_FILE == 0) {
            if (c)
                finish(c, path);
            snprintf(path, sizeof(path), "%s/programs_%d.c", folder, made / IN_A_FILE);
            c = create(path);
            fprintf(c, "#include \"support.h\"\n\n");
        }
        fprintf(c, "extern const struct program program_%d;\n", made);
        emit_c_program(c, &program, made);
        emit_go_program(go, &program, made);
        fprintf(expected, "%d %s\n", made, trace);
        made++;
    }
    if (c)
        finish(c, path);
    emit_go_program_table(go, count);
    finish(go, "programs.go");
    finish(expected, "expected");
    snprintf(path, sizeof(path), "%s/table.c", folder);
    FILE *table = create(path);
    emit_c_program_table(table, count);
    finish(table, path);
    arena_free(arena);
    model_end();
}

static int number(const char *text)
{
    return (int)strtol(text, NULL, 10);
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "shapes") == 0) {
        write_shapes(number(argv[2]), number(argv[3]), number(argv[4]), argv[5]);
    } else if (argc == 4 && strcmp(argv[1], "table") == 0) {
        FILE *out = create(argv[3]);
        emit_c_shape_table(out, number(argv[2]));
        finish(out, argv[3]);
    } else if (argc == 5 && strcmp(argv[1], "programs") == 0) {
        write_programs(number(argv[2]), strtoull(argv[3], NULL, 0), argv[4]);
    } else {
        fprintf(stderr, "usage: random-programs shapes|table|programs …: see its source\n");
        return 2;
    }
    return 0;
}
