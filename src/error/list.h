/* Lists whose members hold the links, so that a member is added and removed without memory. All zero: empty. The caller
 * locks; others may read `first` atomically, to ask whether a list is empty. (Lists of waiters are in sched/park.h: a waiter knows
 * two of its neighbours.) */
#ifndef LGI_ERROR_LIST_H
#define LGI_ERROR_LIST_H

#include <stddef.h>

#include <lifoguard/impl/list.h>

static inline void lgi_list_set_first(struct lgi_list *list, struct lgi_link *link)
{
    __atomic_store_n(&list->first, link, __ATOMIC_RELAXED);
}

/* The links stay as they are. */
static inline void lgi_list_clear(struct lgi_list *list)
{
    lgi_list_set_first(list, NULL);
    list->last = NULL;
}

/* Adds the link as the last. */
static inline void lgi_list_add(struct lgi_list *list, struct lgi_link *link)
{
    link->next = NULL;
    link->previous = list->last;
    if (list->last)
        list->last->next = link;
    else
        lgi_list_set_first(list, link);
    list->last = link;
}

static inline void lgi_list_remove(struct lgi_list *list, struct lgi_link *link)
{
    if (link->previous)
        link->previous->next = link->next;
    else
        lgi_list_set_first(list, link->next);
    *(link->next ? &link->next->previous : &list->last) = link->previous;
}

/* The struct that a link (or another member) is in. NULL for NULL. */
#define LGI_HOLDER(link, type, member) ((type *)lgi_holder((link), offsetof(type, member)))
static inline void *lgi_holder(void *member, size_t offset)
{
    return member ? (char *)member - offset : NULL;
}

#endif
