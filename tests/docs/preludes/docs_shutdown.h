/* What the fragments of docs/shutdown.md use and do not declare. */
#include <unistd.h>

struct database {
    int connection;
};
extern struct database database;
lg_error *open_database(void *argument, const lg_context *context);
lg_error *close_database(void *argument, const lg_context *context);
