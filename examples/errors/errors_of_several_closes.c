/* Two closers, each of which may fail: `b` is closed first, then `a`, and what goes wrong is joined to
 * the result, so that nothing is lost if both fail (E4, E6). lg_error_join_into is what a closer of one's own
 * is made with. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

struct closer {
    const char *name;
    int fails;
};

static void close_it(struct closer *closer, lg_error **result)
{
    printf("closing %s\n", closer->name);
    if (closer->fails)
        lg_error_join_into(result, lg_error_newf("%s failed", closer->name));
}

static lg_error *use(void)
{
    lg_func (lg_error *, err) {
        struct closer a = {"a", .fails = 1};
        lg_defer(close_it, &a, &err);
        struct closer b = {"b", .fails = 0};
        lg_defer(close_it, &b, &err);
    }
}

int main(void)
{
    lg_error *err = use();
    lg_defer(lg_error_free, err);
    printf("result: ");
    lg_error_print(err, stdout);
    return 0;
}
