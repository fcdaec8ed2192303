/* How another process reads the shutdowns of this one: defer/layout.h. */
#include "defer/layout.h"
#include "shutdown/internal.h"

#define AT(type, member) offsetof(struct type, member)

struct lgi_shutdown_layout lgi_shutdown_layout = {
    .version = LGI_LAYOUT_VERSION,
    .size = sizeof(lgi_shutdown_layout),
    .all = &lgi_shutdowns.first,
    .link = AT(lg_shutdown, link),
    .nodes = AT(lg_shutdown, order.nodes),
    .count = AT(lg_shutdown, order.count),
    .node_size = sizeof(struct lgi_order_node),
    .node_stage = AT(lgi_order_node, stage),
    .node_name = AT(lgi_order_node, name),
    .stage_outcome = AT(lgi_stage, outcome),
    .outcome_waiting = LG_STAGE_NOT_STOPPED,
    .outcome_stopping = LG_STAGE_STOPPING,
};
