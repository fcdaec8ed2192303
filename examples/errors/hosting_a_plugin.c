/* A host calls plugins that it does not trust: a panic of one becomes an error with its stack, what the plugin has deferred has
 * run, and the host goes on (P15). */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static lg_error *draws(int width)
{
    return width > 100 ? lg_error_new("the page is too wide") : NULL;
}

static lg_error *divides(int width)
{
    lg_defer(puts, "  the plugin cleans up");
    if (width == 0)
        lg_panic("division by zero");
    printf("  %d columns\n", 100 / width);
    return NULL;
}

int main(void)
{
    static const struct {
        const char *name;
        lg_error *(*render)(int width);
        int width;
    } plugins[] = {{"draws", draws, 50},
                   {"draws", draws, 200},
                   {"divides", divides, 50},
                   {"divides", divides, 0}};
    for (size_t i = 0; i < sizeof(plugins) / sizeof(*plugins); i++) {
        printf("%s\n", plugins[i].name);
        lg_error *err = lg_call_contained(plugins[i].render, plugins[i].width);
        lg_defer(lg_error_free, err);
        printf("  ");
        lg_error_print(err, stdout);
    }
    return 0;
}
