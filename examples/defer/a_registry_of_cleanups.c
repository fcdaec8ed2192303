/* A registry that is handed to whoever starts something: start() adds the cleanup, though it returns
 * long before that is wanted, and serve() runs them all, the last one first. An array of functions does
 * the same until one of them fails or panics: here the others run all the same. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

struct service {
    const char *name;
};

static void stop(void *service)
{
    printf("close %s\n", ((struct service *)service)->name);
}

static lg_error *start(struct service *service, lg_registry *cleanups)
{
    return lg_registry_add(cleanups, stop, service);
}

static lg_error *serve(void)
{
    lg_func (lg_error *, err) {
        struct service services[] = {{"db"}, {"redis"}, {"logger"}};
        lg_registry cleanups = LG_REGISTRY_INIT;
        lg_defer(lg_registry_close, &cleanups, &err);

        for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++) {
            err = start(&services[i], &cleanups);
            if (err)
                lg_return(err);
        }
        puts("doing work");
    }
}

int main(void)
{
    lg_error *err = serve();
    if (err) {
        lg_error_print(err, stderr);
        lg_error_free(err);
        return 1;
    }
    return 0;
}
