/* The fourth step with its defers in the wrong order: the file is closed first, and the goroutine, which nobody has told to
 * stop, goes on writing to it. Right: cancel, wait, close. (lg_file tells of such a write; a plain descriptor's number
 * may belong to another file by then.) */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <lifoguard/lifoguard.h>

struct log {
    lg_file *file;
    lg_chan(int) lines;   // to be written
    lg_chan(int) written; // for each, when that is done or has failed
    int failures;
};

static void write_lines(struct log *log, lg_context *ctx)
{
    lg_defer(lg_context_free, ctx);
    int number;
    while (lg_select(lg_case_context(ctx), lg_case_recv(log->lines, &number, NULL)) != 0) {
        char line[32];
        snprintf(line, sizeof(line), "line %d\n", number);
        lg_error *err = lg_file_write(log->file, line, strlen(line));
        if (lg_error_is(err, &lg_error_closed))
            log->failures++;
        lg_error_free(err);
        lg_chan_send(log->written, number);
    }
}

static void write_line(struct log *log, int number)
{
    lg_chan_send(log->lines, number);
    lg_chan_recv(log->written, NULL);
}

static void close_log(struct log *log)
{
    lg_error_free(lg_file_close_now(log->file));
}

static void wrong(struct log *log, lg_waitgroup *writers)
{
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_waitgroup_go(writers, write_lines, log, lg_context_with_cancel(ctx));
    lg_defer(write_line, log, 2); // what comes in while this function is left
    lg_defer(close_log, log);
    write_line(log, 1);
}

static void right(struct log *log, lg_waitgroup *writers)
{
    lg_defer(close_log, log);
    lg_defer(lg_waitgroup_wait, writers);
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_waitgroup_go(writers, write_lines, log, lg_context_with_cancel(ctx));
    lg_defer(write_line, log, 2);
    write_line(log, 1);
}

static int failures_of(void (*way)(struct log *log, lg_waitgroup *writers))
{
    lg_waitgroup writers = LG_WAITGROUP_INIT;
    struct log log = {.lines = lg_chan_make(int, 0)};
    lg_defer(lg_chan_unref, log.lines);
    log.written = lg_chan_make(int, 0);
    lg_defer(lg_chan_unref, log.written);
    lg_error *err = lg_file_open("/dev/null", O_WRONLY, 0, &log.file);
    if (err)
        lg_panic_with_error(err);
    lg_defer(lg_file_free, log.file);
    way(&log, &writers);
    lg_waitgroup_wait(&writers);
    return log.failures;
}

int main(void)
{
    int wrong_failures = failures_of(wrong), right_failures = failures_of(right);
    printf("wrong: %d write to the closed file\n", wrong_failures);
    printf("right: %d writes to the closed file\n", right_failures);
    return wrong_failures == 1 && right_failures == 0 ? 0 : 1;
}
