/* Lists whose members hold the links, so that a member is added and removed without memory. All zero: empty. The caller
 * locks. (Lists of waiters are in sched/park.h: others may ask without the lock whether they are empty.) */
#ifndef LGI_ERROR_LIST_H
#define LGI_ERROR_LIST_H

#include <stddef.h>

struct lgi_link {
    struct lgi_link *next, *previous;
};

struct lgi_list {
    struct lgi_link *first, *last;
};

/* Adds the link as the last. */
static inline void lgi_list_add(struct lgi_list *list, struct lgi_link *link)
{
    link->next = NULL;
    link->previous = list->last;
    *(list->last ? &list->last->next : &list->first) = link;
    list->last = link;
}

static inline void lgi_list_remove(struct lgi_list *list, struct lgi_link *link)
{
    *(link->previous ? &link->previous->next : &list->first) = link->next;
    *(link->next ? &link->next->previous : &list->last) = link->previous;
}

/* The struct that a link (or another member) is in. NULL for NULL. */
#define LGI_HOLDER(link, type, member) ((type *)lgi_holder((link), offsetof(type, member)))
static inline void *lgi_holder(void *member, size_t offset)
{
    return member ? (char *)member - offset : NULL;
}

#endif
