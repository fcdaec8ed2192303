/* What the fragments of docs/guides.md use and do not declare. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct request;
struct server;
lg_error *greet(int fd);
lg_error *receive(int fd, lg_until until);
lg_error *reply_to(int fd, lg_until until);
lg_error *converse(int fd, lg_until until);
void process(struct request *request);
lg_error *server_start(void *argument, const lg_context *context);
lg_error *server_stop(void *argument, const lg_context *context);
lg_error *merge(char **paths, int count);
int slow_library_call(void *handle);

extern lg_error *err;
extern int fd, status;
extern char buffer[64];
extern size_t size, count;
extern lg_mutex mutex;
extern lg_chan(int) replies;
extern int reply;
extern const lg_context *ctx;
extern pid_t pid;
extern lg_time start_time;
extern lg_group group;
extern void *library;
