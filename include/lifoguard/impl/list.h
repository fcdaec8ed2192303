/* The lists of src/error/list.h, for objects that hold one. Users must not use anything here: names and layouts change freely. */
#ifndef LIFOGUARD_IMPL_LIST_H
#define LIFOGUARD_IMPL_LIST_H

struct lgi_link {
    struct lgi_link *next, *previous;
};

/* All zero: empty. */
struct lgi_list {
    struct lgi_link *first, *last;
};

#endif
