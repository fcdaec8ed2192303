/* A server with three stages, which are stopped in reverse when its end is requested (S1). A stop that fails is named in
 * the error, and the stages below it are stopped all the same (S4). */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

struct part {
    const char *name, *failure;
};

static lg_error *start(void *argument, const lg_context *context)
{
    (void)context;
    const struct part *part = argument;
    printf("start %s\n", part->name);
    return NULL;
}

static lg_error *stop(void *argument, const lg_context *context)
{
    (void)context;
    const struct part *part = argument;
    printf("stop %s\n", part->name);
    return part->failure ? lg_error_new(part->failure) : NULL;
}

static lg_error *serve(void)
{
    lg_func (lg_error *, err) {
        static struct part parts[] = {
            {"log", NULL}, {"database", "3 rows are not written"}, {"http", NULL}};
        lg_shutdown *down;
        err = lg_shutdown_new(&down, &(lg_shutdown_options){.budget = 20 * LG_SECOND});
        if (err)
            lg_return(err);
        lg_defer(lg_shutdown_close, down, &err);

        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
            err = lg_shutdown_start(down, &(lg_stage){.name = parts[i].name,
                                                      .start = start,
                                                      .stop = stop,
                                                      .argument = &parts[i],
                                                      .limit = 10 * LG_SECOND});
            if (err)
                lg_return(err); // what has started is stopped
        }
        lg_shutdown_request(down, "the example is over"); // SIGTERM does the same
        lg_shutdown_wait(down);
        lg_return(NULL);
    }
}

int main(void)
{
    lg_error *err = serve();
    lg_error_print(err, stdout);
    lg_error_free(err);
    return 0;
}
