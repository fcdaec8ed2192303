/* Reads JSON. */
#ifndef VET_JSON_H
#define VET_JSON_H

#include "base.h"

enum json_kind { JSON_NULL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
    enum json_kind kind;
    const char *text; /* of a string, or of a number as written */
    int count, room;
    struct json **items;
    const char **names; /* of an object */
};

const struct json *json_parse(struct arena *arena, const char *text,
                              size_t length); /* NULL: not JSON */
const struct json *json_member(const struct json *object, const char *name);

#endif
