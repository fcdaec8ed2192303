/* How another process reads the goroutines of this one: defer/layout.h. */
#include "defer/layout.h"
#include "sched/identity.h"
#include "sched/runtime.h"
#include "sched/slab.h"

#define AT(type, member) offsetof(struct type, member)

_Static_assert(AT(lgi_worker, starts) < UINT16_MAX, "the table's numbers have 16 bits");

struct lgi_goroutine_layout lgi_goroutine_layout = {
    .version = LGI_LAYOUT_VERSION,
    .size = sizeof(lgi_goroutine_layout),
    .slabs = &lgi_slabs,
    .injected = &lgi_injected,
    .below_high = (sizeof(struct lgi_stack_end) + sizeof(struct lgi_g) + LGI_G_ALIGNMENT - 1) &
                  ~(uint64_t)(LGI_G_ALIGNMENT - 1),
    .slab_next = AT(lgi_slab, next),
    .slab_first = AT(lgi_slab, first),
    .slab_slot = AT(lgi_slab, slot),
    .slab_used = AT(lgi_slab, used),
    .g_state = AT(lgi_g, state),
    .g_is_main = AT(lgi_g, is_main),
    .g_has_deadline = AT(lgi_g, has_deadline),
    .g_waits_for = AT(lgi_g, waits_for),
    .g_start = AT(lgi_g, start),
    .g_top = AT(lgi_g, top),
    .g_sp = AT(lgi_g, sp),
    .g_worker = AT(lgi_g, worker),
    .state_none = LGI_G_NONE,
    .state_ready = LGI_G_RUNNABLE,
    .state_running = LGI_G_RUNNING,
    .state_waiting = LGI_G_PARKED,
    .task_next = AT(lgi_task, next),
    .task_site = AT(lgi_task, site),
    .task_name = AT(lgi_task, name),
    .task_id = AT(lgi_task, id),
    .task_starter = AT(lgi_task, starter),
    .queue_first = AT(lgi_run_queue, first),
    .worker_number = AT(lgi_worker, number),
    .worker_starts = AT(lgi_worker, starts),
    .worker_native = AT(lgi_worker, native),
    .forked = &lgi_forked,
    .identity_flags = LGI_IDENTITY_FLAGS,
    .g_identity = AT(lgi_g, identity),
    .g_held = AT(lgi_g, held),
};

__attribute__((constructor)) static void find_thread_locals(void)
{
    lgi_goroutine_layout.current = lgi_layout_thread_local(&lgi_current);
    lgi_goroutine_layout.worker = lgi_layout_thread_local(&lgi_worker);
}
