#include "shutdown/order.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- adding ---- */

bool lgi_order_reserve(struct lgi_order *order, size_t more)
{
    if (order->capacity - order->count >= more)
        return true;
    size_t capacity = order->capacity ? order->capacity * 2 : 8;
    if (capacity < order->count + more)
        capacity = order->count + more;
    if (capacity > SIZE_MAX / sizeof(*order->nodes))
        return false;
    struct lgi_order_node *nodes = realloc(order->nodes, capacity * sizeof(*nodes));
    if (!nodes)
        return false;
    order->nodes = nodes;
    order->capacity = capacity;
    return true;
}

void lgi_order_add(struct lgi_order *order, struct lgi_stage *stage, const char *name,
                   const char *const *needs, lg_duration limit)
{
    order->nodes[order->count++] =
        (struct lgi_order_node){.stage = stage, .name = name, .needs = needs, .limit = limit};
}

void lgi_order_drop_last(struct lgi_order *order)
{
    order->count--;
}

void lgi_order_free(struct lgi_order *order)
{
    free(order->nodes);
    *order = (struct lgi_order){0};
}

bool lgi_order_after(const struct lgi_order *order, size_t i, size_t j)
{
    const char *const *needs = order->nodes[i].needs;
    if (!needs)
        return j < i;
    for (; *needs; needs++) {
        if (strcmp(*needs, order->nodes[j].name) == 0)
            return true;
    }
    return false;
}

/* ---- cycles ---- */

static size_t append(char *buffer, size_t size, size_t length, const char *name, bool end)
{
    int more = snprintf(length < size ? buffer + length : NULL, length < size ? size - length : 0,
                        end ? "%s" : "%s after ", name);
    return length + (more > 0 ? (size_t)more : 0);
}

/* Walks from the last one to those that come after it, breadth first, so that a shortest cycle is found. A mark is the
 * number plus one of whom that one was reached from: it comes after it. */
size_t lgi_order_cycle(struct lgi_order *order, char *buffer, size_t size)
{
    if (order->count == 0)
        return 0;
    struct lgi_order_node *nodes = order->nodes;
    size_t last = order->count - 1, head = last, tail = last;
    for (size_t i = 0; i < order->count; i++)
        nodes[i].mark = 0;
    for (;;) {
        if (lgi_order_after(order, last, head)) {
            size_t length = append(buffer, size, 0, nodes[last].name, false);
            for (size_t i = head; i != last; i = nodes[i].mark - 1)
                length = append(buffer, size, length, nodes[i].name, false);
            return append(buffer, size, length, nodes[last].name, true);
        }
        for (size_t i = 0; i < last; i++) {
            if (nodes[i].mark == 0 && lgi_order_after(order, i, head)) {
                nodes[i].mark = head + 1;
                nodes[tail].queued = i;
                tail = i;
            }
        }
        if (head == tail)
            return 0;
        head = nodes[head].queued;
    }
}

/* ---- chains ---- */

/* Puts them into an order in which each stands before those that it comes after. Without cycles it takes all. Returns
 * the first; `queued` is the next, `mark` the one before, plus one. */
static size_t sort(struct lgi_order *order)
{
    struct lgi_order_node *nodes = order->nodes;
    size_t none = order->count, head = none, tail = none;
    for (size_t i = order->count; i-- > 0;) {
        nodes[i].queued = none;
        if (nodes[i].blockers > 0)
            continue;
        nodes[i].mark = tail == none ? 0 : tail + 1;
        if (tail == none)
            head = i;
        else
            nodes[tail].queued = i;
        tail = i;
    }
    size_t first = head;
    for (; head != none; head = nodes[head].queued) {
        for (size_t j = 0; j < order->count; j++) {
            if (!lgi_order_after(order, head, j) || --nodes[j].blockers > 0)
                continue;
            nodes[j].mark = tail + 1;
            nodes[tail].queued = j;
            tail = j;
        }
    }
    return first == none ? none : tail;
}

static void count_blockers(struct lgi_order *order)
{
    for (size_t j = 0; j < order->count; j++) {
        order->nodes[j].blockers = 0;
        for (size_t i = 0; i < order->count; i++)
            order->nodes[j].blockers += lgi_order_after(order, i, j);
    }
}

/* The heaviest chain below each one: from the last in the sorted order to the first. */
static void measure_chains(struct lgi_order *order, size_t last, int which)
{
    struct lgi_order_node *nodes = order->nodes;
    for (size_t i = last; order->count > 0;) {
        lg_duration *heaviest = &nodes[i].downstream[which];
        *heaviest = 0;
        for (size_t j = 0; j < order->count; j++) {
            lg_duration chain = nodes[j].weight[which] + nodes[j].downstream[which];
            if (lgi_order_after(order, i, j) && chain > *heaviest)
                *heaviest = chain;
        }
        if (nodes[i].mark == 0)
            break;
        i = nodes[i].mark - 1;
    }
}

/* No sum must overflow. */
static lg_duration bounded(lg_duration limit)
{
    const lg_duration most = LG_HOUR * 24 * 365;
    return limit < most ? limit : most;
}

/* Split among as many as may stop at once. */
static lg_duration part(const struct lgi_order *order, lg_duration sum)
{
    lg_duration at_once = (lg_duration)order->at_once;
    return (sum + at_once - 1) / at_once;
}

void lgi_order_begin(struct lgi_order *order, lg_duration budget)
{
    struct lgi_order_node *nodes = order->nodes;
    if (order->at_once == 0)
        order->at_once = 1;
    count_blockers(order);
    size_t last = sort(order);
    order->waiting[LGI_CLAIMED] = order->waiting[LGI_UNLIMITED] = 0;
    for (size_t i = 0; i < order->count; i++) {
        lg_duration limit = nodes[i].limit < budget ? nodes[i].limit : budget;
        nodes[i].weight[LGI_CLAIMED] = limit > 0 ? bounded(limit) : 0;
        nodes[i].weight[LGI_UNLIMITED] = limit <= 0;
        nodes[i].started = nodes[i].ended = false;
        for (int which = 0; which < LGI_WEIGHTS; which++)
            order->waiting[which] += nodes[i].weight[which];
    }
    for (int which = 0; which < LGI_WEIGHTS; which++)
        measure_chains(order, last, which);
    count_blockers(order);

    order->claimed = part(order, order->waiting[LGI_CLAIMED]);
    for (size_t i = 0; i < order->count; i++) {
        lg_duration chain = nodes[i].weight[LGI_CLAIMED] + nodes[i].downstream[LGI_CLAIMED];
        if (chain > order->claimed)
            order->claimed = chain;
    }
}

/* ---- while they stop ---- */

ptrdiff_t lgi_order_next(const struct lgi_order *order)
{
    for (size_t i = order->count; i-- > 0;) {
        if (!order->nodes[i].started && order->nodes[i].blockers == 0)
            return (ptrdiff_t)i;
    }
    return -1;
}

/* What comes after stage i, one after the other. */
static lg_duration rest(const struct lgi_order *order, size_t i, int which)
{
    const struct lgi_order_node *node = &order->nodes[i];
    lg_duration others = part(order, order->waiting[which] - node->weight[which]);
    return others > node->downstream[which] ? others : node->downstream[which];
}

/* All the time that there is for stage i, of which lingering is a part. */
static lg_duration slot(const struct lgi_order *order, size_t i, lg_duration remaining,
                        lg_duration wanted)
{
    enum { RESERVED = 20 }; /* the part that is left for those without a limit, in any case */
    lg_duration claimed = rest(order, i, LGI_CLAIMED), unlimited = rest(order, i, LGI_UNLIMITED);
    lg_duration reserve = remaining / RESERVED;
    if (order->nodes[i].weight[LGI_UNLIMITED] > 0) {
        lg_duration left = bounded(remaining - claimed);
        return (left > reserve ? left : reserve) / (unlimited + 1);
    }
    lg_duration left = unlimited > 0 ? remaining - reserve : remaining;
    lg_duration limit = order->nodes[i].weight[LGI_CLAIMED];
    if (limit <= left - claimed)
        return wanted < left - claimed ? wanted : left - claimed;
    return (lg_duration)((double)left * ((double)limit / ((double)limit + (double)claimed)));
}

static lg_duration at_most(lg_duration duration, lg_duration most)
{
    return duration < most ? duration : most;
}

lg_duration lgi_order_allowance(const struct lgi_order *order, size_t i, lg_duration remaining,
                                lg_duration *linger)
{
    const lg_duration longest_linger = 250 * LG_MILLISECOND;
    *linger = 0;
    if (remaining <= 0)
        return 0;
    lg_duration limit = order->nodes[i].weight[LGI_CLAIMED];
    lg_duration all = slot(order, i, remaining, limit + at_most(limit / 10, longest_linger));
    lg_duration given = all - at_most(all / 11, longest_linger);
    if (limit > 0 && all >= limit)
        given = limit;
    if (given <= 0) /* so little is left */
        given = 1;
    if (all > given)
        *linger = all - given;
    return given;
}

void lgi_order_stop_begun(struct lgi_order *order, size_t i)
{
    order->nodes[i].started = true;
    for (int which = 0; which < LGI_WEIGHTS; which++)
        order->waiting[which] -= order->nodes[i].weight[which];
}

void lgi_order_ended(struct lgi_order *order, size_t i)
{
    order->nodes[i].ended = true;
    for (size_t j = 0; j < order->count; j++)
        order->nodes[j].blockers -= lgi_order_after(order, i, j);
}
