/* Three functions that return what a deferred call changes.
 * a: the result has a name, and the block adds to it.
 * b: a plain return has taken the pointer; the call changes the variable, and nobody sees it.
 * c: two blocks on a named result, last first: 3, times 2, plus 1. */
#include <stdio.h>
#include <string.h>

#include <lifoguard/lifoguard.h>

struct text {
    char chars[16];
};

static struct text a(void)
{
    lg_func (struct text, s) {
        lg_defer_block {
            strcat(s.chars, "/a-defer");
        }
        strcpy(s.chars, "a");
    }
}

static void set(const char **s, const char *text)
{
    *s = text;
}

static const char *b(void)
{
    const char *s = "b";
    lg_defer(set, &s, "b/b-defer");
    return s;
}

static int c(void)
{
    lg_func (int, x) {
        lg_defer_block {
            x++;
        }
        lg_defer_block {
            x *= 2;
        }
        x = 3;
    }
}

int main(void)
{
    printf("%s\n", a().chars);
    printf("%s\n", b());
    printf("%d\n", c());
    return 0;
}
