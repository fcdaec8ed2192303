/* What the fragments of docs/rules.md use and do not declare. */
#include <fcntl.h>
#include <unistd.h>

struct database;
extern const char *path;
extern char **paths;
extern int x, n, kind, number;
extern bool ok, careful;
extern FILE *log_file;
extern struct database *db;
extern lg_error *err;
extern lg_context *ctx, *query;
extern const lg_context *caller;
extern lg_mutex mutex;
extern struct cache {
    lg_mutex mutex, other;
} *cache;
extern lg_shutdown *down;
extern lg_chan(int) rows;
extern lg_chan(int) replies;
extern int row, reply;
extern const struct plugin {
    lg_error *(*render)(const char *page);
} *plugin;
extern const char *page, *secret;
extern size_t size;

void print_int(int value);
void print_int_at(const int *value);
void rollback(struct database *db);
void commit(struct database *db);
void begin(lg_scope *transaction, struct database *db);
void become_error(lg_panic_info *panic, lg_error **result);
void set_rate(double rate);
void child(void);
void report(lg_panic_info *panic, int number);
void watch(lg_context *context);
void write_last_line(FILE *file);
void flush(int to, const lg_context *context);
extern int connection;
lg_error *fetch(lg_group *group, char *url);
lg_error *open_database(void *argument, const lg_context *context);
lg_error *close_database(void *argument, const lg_context *context);
lg_error *stop_http(void *argument, const lg_context *context);
void gives_up(lg_test *t, void *server);

extern lg_group group;
lg_error *listen_on(lg_group *group, int port);
lg_error *announce(lg_group *group, int port);
lg_error *refresh(const lg_context *ctx, struct cache *cache);
extern struct remote *remote, **all_remotes;
lg_error *remote_close(struct remote *remote);
