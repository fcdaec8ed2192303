#include <lifoguard/lifoguard.h>

lg_error *save(const char *name)
{
    lg_func (lg_error *, err) {
        FILE *f = fopen(name, "w");
        if (!f)
            return lg_error_new_errno("open (%s)", name);
        lg_defer(lg_fclose, f, &err);
        if (write_header(f) < 0)
            return (
                lg_error_new("header"));
        return NULL;
    }
}

void tidy(struct house *house)
{
    lg_func_void {
        lg_defer_on_error(alert, house);
        if (house->clean)
            return;
        sweep(house);
    }
}
