/* What the fragments of docs/cheatsheet.md use and do not declare. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct job;
struct request;
extern FILE *file;
extern char *buffer;
extern const char *path;
extern int fd;
extern struct job *job;
extern struct request *request;
extern const lg_context *ctx;
extern lg_mutex mutex;
extern lg_cond changed;
extern bool ready;
void serve(int fd);
void compress(struct job *job);
int slow(struct job *job);
void handle(struct request *request);
void request_free(struct request *request);
lg_error *fetch(char *url);
lg_error *db_start(void *argument, const lg_context *context);
lg_error *db_stop(void *argument, const lg_context *context);
