/* A named result can be a struct, and a deferred block completes it when all else in it is set (D7). */
#include <stdio.h>
#include <string.h>

#include <lifoguard/lifoguard.h>

struct info {
    const char *name;
    size_t length;
};

static struct info info(void)
{
    lg_func (struct info, out) {
        lg_defer_block {
            out.length = strlen(out.name);
        }
        out.name = "hello";
    }
}

int main(void)
{
    struct info i = info();
    printf("%s %zu\n", i.name, i.length);
    return 0;
}
