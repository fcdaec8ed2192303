#include "defer/layout.h"

#include <lifoguard/defer.h>

#include "defer/record.h"
#include "defer/scope.h"

#define AT(type, member) offsetof(struct type, member)

struct lgi_defer_layout lgi_defer_layout = {
    .version = LGI_LAYOUT_VERSION,
    .size = sizeof(lgi_defer_layout),
    .mark = LGI_MARK,
    .tags = LGI_TAGS,
    .record_previous = AT(lgi_record, previous),
    .record_site = AT(lgi_record, site),
    .record_words = sizeof(struct lgi_record),
    .site_text = AT(lgi_site, text),
    .site_file = AT(lgi_site, file),
    .site_caller = AT(lgi_site, caller),
    .site_line = AT(lgi_site, line),
    .site_kind = AT(lgi_site, kind),
    .site_count = AT(lgi_site, count),
    .kind_named = LGI_NAMED,
    .kind_scope = LGI_SCOPE,
    .kind_head = LGI_HEAD,
    .named_call = AT(lgi_named, deferred),
    .call_site = AT(lg_deferred, site),
    .call_words = AT(lg_deferred, word),
    .call_size = sizeof(struct lg_deferred),
    .scope_kinds = AT(lg_scope, kinds),
    .scope_grown = LGI_SCOPE_GROWN,
    .scope_chunk = AT(lg_scope, chunk),
    .scope_next = AT(lg_scope, next),
    .scope_first = AT(lg_scope, first),
    .scope_first_used = AT(lg_scope, first_used),
    .chunk_below = AT(lgi_chunk, below),
    .chunk_used = AT(lgi_chunk, used),
    .chunk_calls = AT(lgi_chunk, calls),
};

__attribute__((constructor)) static void find_thread_locals(void)
{
    lgi_defer_layout.top = lgi_layout_thread_local(&lgi_top);
}
