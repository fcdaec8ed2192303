/* Functions of the C library and of widely used ones that acquire, release or merely use a resource. */
#ifndef VET_MODEL_H
#define VET_MODEL_H

#include "base.h"

enum resource {
    R_MEMORY,
    R_STREAM,
    R_DESCRIPTOR,
    R_FOLDER, /* opendir */
    R_MAPPING,
    R_PROCESS, /* popen */
    R_OBJECT,  /* of a type that the checker does not know */
    R_LOCK,
    R_TEMPORARY, /* a file with a name of its own, to be removed or renamed */
    R_PAIR,      /* enable and disable, begin and end … */
    R_CONTEXT,   /* lg_context_with_… */
    R_ERROR,     /* lg_error * that a function of this library, or one like them, returns */
    R_TASKS,     /* goroutines of a group or wait group that is not waited for yet */
};

enum failure {
    FAILS_NULL,
    FAILS_NEGATIVE,
    FAILS_STATUS,
    FAILS_NEVER,
    FAILS_RESULT_NULL /* an argument gets it, unless the result is a null pointer */
};

struct acquirer {
    const char *name;
    enum resource resource;
    int argument; /* that gets it; -1: the result */
    enum failure failure;
};

/* NULL if the name is not known to acquire. */
const struct acquirer *model_acquirer(const char *name);
/* An allocator of a project, as far as its name tells. */
bool model_allocates(const char *name);
/* Of widely used libraries; and what releases it. */
const struct acquirer *library_acquirer(const char *name);
const char *library_release(const char *acquire);
/* Is it passed the address of a structure? */
bool library_releases_struct(const char *release);
/* A further thing that the same call acquires; NULL: none. */
const struct acquirer *model_acquirer_more(const char *name);
/* Is the first argument of this function a descriptor? */
bool model_uses_descriptor(const char *name);
/* Does it only look at its arguments? (It neither keeps nor releases them.) */
bool model_harmless(const char *name);
bool model_only_reads(const char *name);     /* harmless.c: a function of a library that does */
bool model_known_harmless(const char *name); /* … surely, not only by a word of its name */
/* Do these two not belong together: vmalloc and kfree, write_lock and read_unlock? */
bool model_mismatch(const char *acquire, const char *release);
/* free, g_free, kfree … */
bool model_frees_memory(const char *name);
/* Is it a cleanup of plain memory: _cleanup_free_, g_autofree? */
bool model_frees_one_level(const char *cleanup);
/* Does this function of a library leave nothing of its argument? Not those that give up a reference. */
bool model_ends(const char *name);
/* Does it wait for the goroutines of its first argument? */
bool model_waits(const char *name);
/* Can it take long: does it wait for a device, a peer or a time? */
bool model_slow(const char *name);
const char *resource_name(enum resource resource);
const char *resource_release(enum resource resource); /* what to call */
/* The release function of another family was called: `free` of a stream. */
bool model_wrong_release(enum resource resource, const char *callee);

#endif
