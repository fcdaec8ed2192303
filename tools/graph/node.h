/* A YAML file as a tree of nodes, each with its place. libyaml reads it; nothing else of the program knows libyaml. */
#ifndef LIFOGUARD_GRAPH_NODE_H
#define LIFOGUARD_GRAPH_NODE_H

#include "problem.h"

#include <stdbool.h>

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    struct place_in_file at;
    /* A scalar. Plain: without quotes, so that it may mean a number, a truth value or nothing. */
    const char *text;
    size_t length;
    bool plain;
    /* The elements of a list, or the values of a map with their keys. */
    struct node **elements;
    struct node **keys;
    size_t count;
};

/* Reads YAML. What is wrong is added to `problems`; NULL: it is no YAML, or, without a problem, the file is empty. A map that
 * has a key twice is a problem. Aliases are allowed, but a node that contains itself is a problem. */
struct node *node_read(const char *text, size_t length, const char *file, unsigned order,
                       struct arena *arena, struct problems *problems);

/* The value of a key, or NULL. */
struct node *node_find(const struct node *map, const char *key);

/* Plain and empty, `~` or `null`. */
bool node_is_nothing(const struct node *node);

/* "a list", "a map", "text" */
const char *node_kind_name(const struct node *node);

#endif
