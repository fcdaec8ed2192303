#define _GNU_SOURCE
#include "node.h"

#include "buffer.h"

#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* Aliases can make a small file a large tree. */
enum { DEEPEST = 64, MOST_NODES = 1000000 };

struct reading {
    yaml_document_t document;
    const char *text;
    size_t length;
    const char *file;
    unsigned order;
    struct arena *arena;
    struct problems *problems;
    struct node **made; /* by the document's numbers, from 1: an alias is the same node again */
    bool *open;
    unsigned depth;
};

static struct place_in_file place_of(const struct reading *reading, const yaml_mark_t *mark)
{
    return (struct place_in_file){.file = reading->file,
                                  .line = (unsigned)mark->line + 1,
                                  .column = (unsigned)mark->column + 1,
                                  .order = reading->order};
}

static struct node *convert(struct reading *reading, int number);

/* A tag would make something else of a value: this program knows texts, lists and maps only. */
static void check_tag(struct reading *reading, const yaml_node_t *from, const struct node *node)
{
    static const char *const texts[] = {YAML_STR_TAG, YAML_NULL_TAG,  YAML_BOOL_TAG,
                                        YAML_INT_TAG, YAML_FLOAT_TAG, NULL};
    static const char *const lists[] = {YAML_SEQ_TAG, NULL}, *const maps[] = {YAML_MAP_TAG, NULL};
    const char *const *known = from->type == YAML_SCALAR_NODE     ? texts
                               : from->type == YAML_SEQUENCE_NODE ? lists
                                                                  : maps;
    const char *tag = (const char *)from->tag;
    for (; tag && *known; known++)
        if (strcmp(tag, *known) == 0)
            return;
    problem_add(reading->problems, node->at, "the tag %s is not known here: leave it out",
                tag ? tag : "!");
}

static void add_scalar(struct reading *reading, const yaml_node_t *from, struct node *node)
{
    const char *text = (const char *)from->data.scalar.value;
    node->kind = NODE_SCALAR;
    node->length = from->data.scalar.length;
    node->text = arena_copy(reading->arena, text, node->length);
    node->plain = from->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (memchr(text, '\0', node->length))
        problem_add(reading->problems, node->at, "a NUL character has no place here");
}

static void add_list(struct reading *reading, const yaml_node_t *from, struct node *node)
{
    const yaml_node_item_t *first = from->data.sequence.items.start;
    node->kind = NODE_LIST;
    node->count = (size_t)(from->data.sequence.items.top - first);
    node->elements = arena_take(reading->arena, node->count * sizeof(*node->elements));
    for (size_t i = 0; i < node->count; i++)
        node->elements[i] = convert(reading, first[i]);
}

static void check_key(struct reading *reading, const struct node *node, size_t i)
{
    const struct node *key = node->keys[i];
    if (key->kind != NODE_SCALAR) {
        problem_add(reading->problems, key->at, "a key must be text, not %s", node_kind_name(key));
        return;
    }
    for (size_t k = 0; k < i; k++)
        if (node->keys[k]->kind == NODE_SCALAR && strcmp(node->keys[k]->text, key->text) == 0)
            problem_add(reading->problems, key->at, "the key %s is here twice, first in line %u",
                        key->text, node->keys[k]->at.line);
}

/* ---- merge keys: `<<: *NAME` adds the keys of another map, or of a list of maps, that the map has not ---- */

static bool is_merge(const struct node *key)
{
    return key->kind == NODE_SCALAR && key->plain && strcmp(key->text, "<<") == 0;
}

static bool has_key(const struct node *map, const char *text)
{
    for (size_t i = 0; i < map->count; i++)
        if (map->keys[i]->kind == NODE_SCALAR && strcmp(map->keys[i]->text, text) == 0)
            return true;
    return false;
}

enum { MOST_MERGED = 1000 };

/* How many keys a merge may add; more than MOST_MERGED are too many. */
static size_t merged_room(const struct node *value)
{
    size_t room = value->kind == NODE_MAP ? value->count : 0;
    for (size_t i = 0; value->kind == NODE_LIST && i < value->count && room <= MOST_MERGED; i++)
        room += value->elements[i]->kind == NODE_MAP ? value->elements[i]->count : 0;
    return room <= MOST_MERGED ? room : MOST_MERGED + 1;
}

static void merge_map(struct node *node, const struct node *from)
{
    for (size_t i = 0; i < from->count; i++)
        if (from->keys[i]->kind == NODE_SCALAR && !has_key(node, from->keys[i]->text)) {
            node->keys[node->count] = from->keys[i];
            node->elements[node->count++] = from->elements[i];
        }
}

static void merge(struct reading *reading, struct node *node, const struct node *value)
{
    bool list = value->kind == NODE_LIST;
    size_t count = list ? value->count : 1;
    if (merged_room(value) > MOST_MERGED) {
        problem_add(reading->problems, value->at, "<< adds more than %d keys", MOST_MERGED);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct node *from = list ? value->elements[i] : value;
        if (from->kind == NODE_MAP)
            merge_map(node, from);
        else
            problem_add(reading->problems, from->at, "<< takes a map, or a list of maps, not %s",
                        node_kind_name(from));
    }
}

static void add_map(struct reading *reading, const yaml_node_t *from, struct node *node)
{
    const yaml_node_pair_t *first = from->data.mapping.pairs.start;
    size_t count = (size_t)(from->data.mapping.pairs.top - first), room = count;
    const struct node *merged = NULL;
    node->kind = NODE_MAP;
    for (size_t i = 0; i < count; i++)
        if (is_merge(convert(reading, first[i].key)))
            room += merged_room(convert(reading, first[i].value));
    node->elements = arena_take(reading->arena, room * sizeof(*node->elements));
    node->keys = arena_take(reading->arena, room * sizeof(*node->keys));
    for (size_t i = 0; i < count; i++) {
        struct node *key = convert(reading, first[i].key);
        struct node *value = convert(reading, first[i].value);
        if (is_merge(key)) {
            if (merged)
                problem_add(reading->problems, key->at, "<< is here twice: give it a list of maps");
            merged = value;
            continue;
        }
        node->keys[node->count] = key;
        node->elements[node->count++] = value;
    }
    if (merged)
        merge(reading, node, merged);
}

/* Never NULL: what cannot be had is an empty scalar, and a problem. */
static struct node *convert(struct reading *reading, int number)
{
    if (reading->made[number] && !reading->open[number])
        return reading->made[number];
    const yaml_node_t *from = yaml_document_get_node(&reading->document, number);
    struct node *node = arena_take(reading->arena, sizeof(*node));
    node->at = place_of(reading, &from->start_mark);
    node->text = "";
    node->plain = true;
    const char *wrong = reading->open[number]       ? "this contains itself, by an alias"
                        : reading->depth >= DEEPEST ? "this is nested too deeply"
                                                    : NULL;
    if (wrong) {
        problem_add(reading->problems, node->at, "%s", wrong);
        return node;
    }
    check_tag(reading, from, node);
    reading->made[number] = node;
    reading->open[number] = true;
    reading->depth++;
    if (from->type == YAML_SCALAR_NODE)
        add_scalar(reading, from, node);
    else if (from->type == YAML_SEQUENCE_NODE)
        add_list(reading, from, node);
    else
        add_map(reading, from, node);
    reading->depth--;
    reading->open[number] = false;
    return node;
}

static int compare_keys(const void *a, const void *b)
{
    const struct node *const *left = a;
    const struct node *const *right = b;
    int order = strcmp((*left)->text, (*right)->text);
    if (order == 0 && *left != *right) {
        const struct place_in_file *x = &(*left)->at;
        const struct place_in_file *y = &(*right)->at;
        order = x->line != y->line ? (x->line < y->line ? -1 : 1) : x->column < y->column ? -1 : 1;
    }
    return order;
}

/* Maps of thousands of jobs are usual, so not each key with each other. */
static void check_large_map(struct reading *reading, const struct node *node)
{
    const struct node **sorted = need_memory(NULL, node->count * sizeof(*sorted));
    lg_defer(free, sorted);
    size_t count = 0;
    for (size_t i = 0; i < node->count; i++) {
        if (node->keys[i]->kind == NODE_SCALAR)
            sorted[count++] = node->keys[i];
        else
            check_key(reading, node, i);
    }
    qsort(sorted, count, sizeof(*sorted), compare_keys);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (strcmp(sorted[first]->text, sorted[i]->text) != 0)
            first = i;
        else
            problem_add(reading->problems, sorted[i]->at,
                        "the key %s is here twice, first in line %u", sorted[i]->text,
                        sorted[first]->at.line);
    }
}

static void check_maps(struct reading *reading, size_t nodes)
{
    enum { FEW = 16 };
    for (size_t number = 1; number <= nodes; number++) {
        const struct node *node = reading->made[number];
        if (!node || node->kind != NODE_MAP)
            continue;
        if (node->count > FEW)
            check_large_map(reading, node);
        for (size_t i = 0; node->count <= FEW && i < node->count; i++)
            check_key(reading, node, i);
    }
}

static struct node *read_document(struct reading *reading)
{
    size_t nodes = (size_t)(reading->document.nodes.top - reading->document.nodes.start);
    if (nodes == 0)
        return NULL;
    if (nodes > MOST_NODES) {
        problem_add(reading->problems, (struct place_in_file){reading->file, 1, 1, reading->order},
                    "this file has more than %d values", MOST_NODES);
        return NULL;
    }
    reading->made = need_memory(NULL, (nodes + 1) * sizeof(struct node *));
    lg_defer(free, reading->made);
    memset(reading->made, 0, (nodes + 1) * sizeof(struct node *));
    reading->open = need_memory(NULL, nodes + 1);
    lg_defer(free, reading->open);
    memset(reading->open, 0, nodes + 1);
    struct node *root = convert(reading, 1);
    check_maps(reading, nodes);
    return root;
}

/* libyaml tells the place of what is no text by the number of the byte. */
static struct place_in_file place_of_byte(const struct reading *reading, size_t offset)
{
    struct place_in_file at = {reading->file, 1, 1, reading->order};
    for (size_t i = 0; i < offset && i < reading->length; i++) {
        if (reading->text[i] == '\n') {
            at.line++;
            at.column = 1;
        } else if (((unsigned char)reading->text[i] & 0xC0) != 0x80) {
            at.column++;
        }
    }
    return at;
}

static void add_parse_error(const struct reading *reading, const yaml_parser_t *parser)
{
    const char *problem = parser->problem ? parser->problem : "out of memory";
    struct place_in_file at = place_of(reading, &parser->problem_mark);
    if (parser->error == YAML_READER_ERROR)
        problem_add(reading->problems, place_of_byte(reading, parser->problem_offset),
                    "not YAML: %s", problem);
    else if (parser->context)
        problem_add(reading->problems, at, "not YAML: %s, %s", parser->context, problem);
    else
        problem_add(reading->problems, at, "not YAML: %s", problem);
}

static void refuse_second_document(const struct reading *reading, yaml_parser_t *parser)
{
    yaml_document_t second;
    if (!yaml_parser_load(parser, &second)) {
        add_parse_error(reading, parser);
        return;
    }
    const yaml_node_t *root = yaml_document_get_root_node(&second);
    if (root)
        problem_add(reading->problems, place_of(reading, &root->start_mark),
                    "a second document: there can be one only");
    yaml_document_delete(&second);
}

struct node *node_read(const char *text, size_t length, const char *file, unsigned order,
                       struct arena *arena, struct problems *problems)
{
    struct reading reading = {.text = text,
                              .length = length,
                              .file = file,
                              .order = order,
                              .arena = arena,
                              .problems = problems};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        problem_add(problems, (struct place_in_file){.file = file, .order = order},
                    "out of memory");
        return NULL;
    }
    lg_defer(yaml_parser_delete, &parser);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    if (!yaml_parser_load(&parser, &reading.document)) {
        add_parse_error(&reading, &parser);
        return NULL;
    }
    struct node *root = read_document(&reading);
    yaml_document_delete(&reading.document);
    if (root)
        refuse_second_document(&reading, &parser);
    return root;
}

struct node *node_find(const struct node *map, const char *key)
{
    for (size_t i = 0; map && map->kind == NODE_MAP && i < map->count; i++)
        if (strcmp(map->keys[i]->text, key) == 0)
            return map->elements[i];
    return NULL;
}

bool node_is_nothing(const struct node *node)
{
    return node->kind == NODE_SCALAR && node->plain &&
           (node->length == 0 || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

const char *node_kind_name(const struct node *node)
{
    switch (node->kind) {
    case NODE_LIST: return "a list";
    case NODE_MAP: return "a map";
    default: return node_is_nothing(node) ? "nothing" : "text";
    }
}
