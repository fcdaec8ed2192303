/* Records a run of lines in the same way as a run of a graph; each line is a job. The output of a line passes through this process: byte
 * by byte to its destination, and line by line to the record. Output to a terminal does not pass through this process. */
#define _GNU_SOURCE
#include "recorder.h"

#include "deliver.h"
#include "lines.h"
#include "output.h"
#include "parse.h"
#include "record.h"
#include "stream.h"
#include "tail.h"

#include <lifoguard/lifoguard.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kcmp.h>

/* What a command prints into one of its two descriptors. */
struct printed {
    struct output output;
    int to;       /* our own descriptor; -1: it goes into the record only */
    bool lasting; /* the command is not to die of a reader who has gone */
    bool blocked;
    struct printed *next;
};

struct capture {
    struct stream *streams[2]; /* NULL: our own descriptor */
    struct tail *tails[2];
};

static struct record record;
static struct streams streams;
static lg_time run_began;
static lg_context *writing; /* cancelled at the end */
static const char **names;
/* What lines print into our own standard output and error. */
static struct delivery deliveries[] = {{.to = "standard output"}, {.to = "standard error"}};
static bool keeps; /* what still runs at the end runs on */

static void tell_event(const struct event *event)
{
    record_tell(&record, event);
}

static void hide(const char *assignment)
{
    record_hide(&record, assignment);
}

static void tell_output(void *data, struct event event)
{
    (void)data;
    event.at = lg_since(run_began);
    record_tell(&record, &event);
}

/* ---- what is printed ---- */

/* A pipe or socket that somebody reads slowly must not keep us from seeing to signals: it is given no more at once than it takes. */
static lg_error *await_room(struct printed *printed)
{
    struct stat status;
    if (fstat(printed->to, &status) != 0 || !(S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)))
        return NULL;
    printed->blocked = true;
    lg_error *err = lg_poll(printed->to, POLLOUT, lg_until_context(writing), NULL);
    printed->blocked = false;
    return err;
}

/* False: the run ends, or the bytes could not be written. */
static bool write_on(struct printed *printed, const char *bytes, size_t count)
{
    struct delivery *delivery = &deliveries[printed->to - STDOUT_FILENO];
    while (count > 0 && !delivery->over) {
        lg_error *err = await_room(printed);
        bool stopped = err != NULL;
        lg_error_free(err);
        size_t piece = count < PIPE_BUF ? count : PIPE_BUF;
        if (stopped)
            return false;
        deliver(delivery, printed->to, bytes, piece);
        bytes += piece;
        count -= piece;
    }
    return !delivery->over;
}

/* Where the bytes can go no more, a line gets SIGPIPE, as it would get that or an error if it wrote there itself. */
static bool take(void *data, const char *bytes, size_t count)
{
    struct printed *printed = data;
    if (count == 0) {
        output_rest(&printed->output);
        return true;
    }
    output_take(&printed->output, bytes, count);
    return printed->to < 0 || write_on(printed, bytes, count) || printed->lasting;
}

static struct printed *all_printed;

static struct printed *begin(const char *job, bool lasting, int fd)
{
    struct printed *printed = need_memory(NULL, sizeof(*printed));
    *printed = (struct printed){.output = {.job = job, .tell = tell_output},
                                .to = record.options->json ? -1 : fd,
                                .lasting = lasting,
                                .next = all_printed};
    all_printed = printed;
    return printed;
}

static void end(void *data)
{
    struct printed *printed = data;
    struct printed **place = &all_printed;
    while (*place != printed)
        place = &(*place)->next;
    *place = printed->next;
    output_end(&printed->output);
    free(printed);
}

/* Of a cleanup. */
static struct tail *open_file(const char *job, int fd, int *input)
{
    struct printed *printed = begin(job, true, fd);
    const struct stream_taker taker = {take, end, printed};
    struct tail *tail = tail_open(&streams, &taker, input);
    if (!tail)
        end(printed);
    return tail;
}

/* ---- a capture ---- */

static bool is_captured(int fd)
{
    return record.options->json || !isatty(fd);
}

/* As after 2>&1: then one pipe serves both, or their order would be lost. */
static bool same_output(void)
{
    struct stat out, err;
    pid_t self = getpid();
    long differs = syscall(SYS_kcmp, self, self, KCMP_FILE, STDOUT_FILENO, STDERR_FILENO);
    if (differs >= 0)
        return differs == 0;
    return fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &err) == 0 &&
           out.st_dev == err.st_dev && out.st_ino == err.st_ino;
}

static struct stream *open_pipe(const char *job, bool background, int fd, int *input)
{
    struct printed *printed = begin(job, background, fd);
    const struct stream_taker taker = {take, end, printed};
    struct stream *stream;
    lg_error *err = stream_open(&streams, &taker, background, &stream, input);
    if (!err)
        return stream;
    end(printed);
    *input = 0;
    lg_error_free(err);
    return NULL;
}

static void open_capture(struct capture *capture, const char *job, enum captured what, int i,
                         int *input)
{
    if (what == CAPTURE_CLEANUP)
        capture->tails[i] = open_file(job, STDOUT_FILENO + i, input);
    else
        capture->streams[i] = open_pipe(job, what == CAPTURE_BACKGROUND, STDOUT_FILENO + i, input);
}

/* What cannot be captured goes where it would go without a record. */
static struct capture *capture(const char *job, enum captured what, int ends[2])
{
    if (keeps && what == CAPTURE_BACKGROUND)
        return NULL; /* it runs on when nobody reads any more */
    struct capture *capture = need_memory(NULL, sizeof(*capture));
    *capture = (struct capture){0};
    for (int i = 0; i < 2; i++)
        if (i == 1 && ends[0] && (record.options->json || same_output()))
            ends[1] = ends[0];
        else if (is_captured(STDOUT_FILENO + i))
            open_capture(capture, job, what, i, &ends[i]);
    return capture;
}

static bool is_taken(const struct capture *capture)
{
    for (int i = 0; i < 2; i++) {
        struct tail *tail = capture->tails[i];
        if (tail)
            tail_end(tail);
        if (capture->streams[i])
            stream_help(capture->streams[i]);
        if ((tail && !tail_is_drained(tail)) ||
            (capture->streams[i] && !stream_is_drained(capture->streams[i])))
            return false;
    }
    return true;
}

static enum taken taken(struct capture *capture)
{
    if (capture ? is_taken(capture) : streams_are_drained(&streams))
        return TAKEN;
    for (const struct printed *printed = all_printed; printed; printed = printed->next)
        if (printed->blocked)
            return BLOCKED;
    return TAKING;
}

static void leave(struct capture *capture)
{
    for (int i = 0; i < 2; i++) {
        if (capture->streams[i])
            stream_leave(capture->streams[i]);
        if (capture->tails[i])
            tail_leave(capture->tails[i]);
    }
    free(capture);
}

/* ---- its life ---- */

static void name_jobs(const struct job_file *file)
{
    names = need_memory(NULL, (file->jobs + 1) * sizeof(*names));
    size_t count = 0;
    for (size_t i = 0; i < file->count; i++)
        if (file->lines[i].kind != LINE_DEFER)
            names[count++] = file->lines[i].job;
    names[count] = NULL;
}

const struct recorder *lines_recorder(const struct lines_request *request, const char *place,
                                      const char *id)
{
    static struct recorder recorder = {
        .tell = tell_event, .hide = hide, .capture = capture, .taken = taken, .leave = leave};
    recorder.alone = request->record.json;
    keeps = request->options.keep;
    run_began = request->options.began;
    writing = lg_context_with_cancel(lg_context_background());
    name_jobs(request->file);
    record_open(&record, &request->record, place, id, names);
    return &recorder;
}

int lines_recorder_close(int status)
{
    lg_context_cancel(writing);
    streams_close(&streams);
    lg_context_free(writing);
    free(names);
    record.failed |= deliveries[0].failed || deliveries[1].failed;
    return record_close(&record, status);
}
