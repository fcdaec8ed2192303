/* A process of the run that is connected to the guardian (serve.c), and what it asks for (requests.c). */
#ifndef LIFOGUARD_GUARDIAN_CONNECTION_H
#define LIFOGUARD_GUARDIAN_CONNECTION_H

#include "owner.h"

struct client {
    struct client *next;
    int fd;
    pid_t pid;
    struct buffer input;
    bool waits;   /* for an answer */
    bool done;    /* to be closed */
    bool undoes;  /* what it asked for takes time */
    bool undoing; /* and is being carried out */
    int64_t undo_from, undo_to;
    char *undo_scope; /* of these, only those that were registered in this scope; NULL: all */
    int undo_status;  /* the exit status of what ran in the scope; -1: not known */
};

/* Carries out the request, and answers it unless the answer has to wait. */
void owner_handle(struct owner *owner, struct client *client, const char *data, size_t size);

#endif
