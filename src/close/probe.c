/* Enter and exit lines. */
#include <lifoguard/probe.h>

#include <errno.h>

lg_probe lg_probe_enter(FILE *stream, const char *name)
{
    int saved_errno = errno;
    if (stream)
        fprintf(stream, "[ENTER %s]\n", name);
    errno = saved_errno;
    return (lg_probe){stream, name, lg_now()};
}

void lg_probe_exit(const lg_probe *probe)
{
    if (!probe || !probe->lgi_stream)
        return;
    int saved_errno = errno;
    char elapsed[LG_DURATION_TEXT_SIZE];
    lg_duration_format(lg_since(probe->lgi_start), elapsed, sizeof elapsed);
    fprintf(probe->lgi_stream, "[EXIT %s after %s]\n", probe->lgi_name, elapsed);
    errno = saved_errno;
}
