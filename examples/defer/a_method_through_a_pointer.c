/* An interface in C: a struct with a function pointer. `r->close` and `r` are both evaluated at the
 * defer, so that what is closed is the object that was there then, by the method that it had then, even
 * if `r` is set to another one later (D9). */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

struct resource {
    void (*close)(struct resource *self);
    const char *name;
};

static void close_fake(struct resource *self)
{
    printf("closing %s\n", self->name);
}

static void use(struct resource *r)
{
    lg_defer(r->close, r);
    printf("using %s\n", r->name);
    r = NULL; // makes no difference to the deferred call
    (void)r;
}

int main(void)
{
    use(&(struct resource){close_fake, "A"});
    return 0;
}
