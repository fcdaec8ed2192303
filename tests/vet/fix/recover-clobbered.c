#include <lifoguard/lifoguard.h>

int run_some(struct plugin *plugins, int count)
{
    lg_func_recovers (int, result) {
        int done = 0;
        char *text = NULL;
        lg_defer_block {
            log_done(done, text);
            free(text);
        }
        lg_defer_recover(stop_here, &result);
        text = describe(plugins, count);
        for (int i = 0; i < count; i++) {
            plugins[i].run(&plugins[i]);
            done++;
        }
        lg_return(done);
    }
}
