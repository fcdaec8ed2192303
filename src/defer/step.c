#define _GNU_SOURCE
#include "defer/step.h"

#include <link.h>
#include <stdatomic.h>

#include "defer/find_object.h"
#include "defer/lsda.h"
#include "defer/table.h"
#if LGI_STEPS
#if defined(__x86_64__)
#include "defer/step_x86_64.h"
#else
#include "defer/step_aarch64.h"
#endif

_Static_assert(sizeof(lgi_dwarf_numbers) == LGI_CONTEXT, "a number for each word of lgi_save");

enum { REMEMBERED = 4 };

static int slot_of(uintptr_t dwarf)
{
    for (int slot = 0; slot < LGI_CONTEXT; slot++)
        if (lgi_dwarf_numbers[slot] == dwarf)
            return slot;
    return -1;
}

/* Where a frame keeps its caller's registers. */
struct rules {
    unsigned saved;               /* the registers that `offset` has, one bit each */
    int cfa_slot;                 /* the canonical frame address is this register… */
    intptr_t cfa_offset;          /* …plus this */
    intptr_t offset[LGI_CONTEXT]; /* saved there, from that address */
    uintptr_t argument_size;
    bool is_signed; /* the return address */
};

enum {
    CFA_advance_loc = 0x40,
    CFA_offset = 0x80,
    CFA_restore = 0xc0,
    CFA_nop = 0x00,
    CFA_advance_loc1 = 0x02,
    CFA_advance_loc2 = 0x03,
    CFA_advance_loc4 = 0x04,
    CFA_offset_extended = 0x05,
    CFA_restore_extended = 0x06,
    CFA_same_value = 0x08,
    CFA_remember_state = 0x0a,
    CFA_restore_state = 0x0b,
    CFA_def_cfa = 0x0c,
    CFA_def_cfa_register = 0x0d,
    CFA_def_cfa_offset = 0x0e,
    CFA_AARCH64_negate_ra_state = 0x2d,
    CFA_GNU_args_size = 0x2e
};

/* A run of instructions, which build up the rules for a place in the function. */
struct program {
    const struct lgi_fde *fde;
    const unsigned char *p;
    uintptr_t at; /* from the start of the function: the rules are those for this place */
    struct rules *rules;
    struct rules remembered[REMEMBERED];
    unsigned depth; /* of `remembered` */
};

static uintptr_t operand(struct program *program)
{
    uintptr_t value;
    program->p = lgi_read_uleb(program->p, &value);
    return value;
}

static void advance(struct program *program, unsigned char encoding)
{
    uintptr_t value;
    program->p = lgi_read_encoded(encoding, program->p, &value);
    program->at += value * program->fde->code_factor;
}

static void save(struct program *program, uintptr_t dwarf)
{
    struct rules *rules = program->rules;
    int slot = slot_of(dwarf);
    intptr_t offset = (intptr_t)operand(program) * program->fde->data_factor;
    if (slot < 0)
        return;
    rules->offset[slot] = offset;
    rules->saved |= 1U << slot;
}

/* The register has its caller's value. False for a return address that a call has pushed, of which that cannot be. */
static bool keep_register(struct rules *rules, uintptr_t dwarf)
{
    int slot = slot_of(dwarf);
    if (slot >= 0)
        rules->saved &= ~(1U << slot);
    return !RETURN_IS_PUSHED || slot != LGI_AT_IP;
}

static bool remember(struct program *program)
{
    if (program->depth == REMEMBERED)
        return false;
    program->remembered[program->depth++] = *program->rules;
    return true;
}

static bool restore(struct program *program)
{
    if (program->depth == 0)
        return false;
    uintptr_t argument_size = program->rules->argument_size;
    *program->rules = program->remembered[--program->depth];
    program->rules->argument_size = argument_size;
    return true;
}

/* An instruction without an operand in its first byte. False for one not known. */
static bool run_extended(struct program *program, unsigned char code)
{
    struct rules *rules = program->rules;
    switch (code) {
    case CFA_nop: return true;
    case CFA_advance_loc1: program->at += *program->p++ * program->fde->code_factor; return true;
    case CFA_advance_loc2: advance(program, DW_EH_PE_udata2); return true;
    case CFA_advance_loc4: advance(program, DW_EH_PE_udata4); return true;
    case CFA_offset_extended: save(program, operand(program)); return true;
    case CFA_restore_extended:
    case CFA_same_value: return keep_register(rules, operand(program));
    case CFA_remember_state: return remember(program);
    case CFA_restore_state: return restore(program);
    case CFA_def_cfa:
        rules->cfa_slot = slot_of(operand(program));
        rules->cfa_offset = (intptr_t)operand(program);
        return true;
    case CFA_def_cfa_register: rules->cfa_slot = slot_of(operand(program)); return true;
    case CFA_def_cfa_offset: rules->cfa_offset = (intptr_t)operand(program); return true;
    case CFA_AARCH64_negate_ra_state: rules->is_signed = !rules->is_signed; return true;
    case CFA_GNU_args_size: rules->argument_size = operand(program); return true;
    default: return false;
    }
}

static bool run_step(struct program *program)
{
    unsigned char code = *program->p++;
    unsigned char low = code & 0x3f;
    switch (code & 0xc0) {
    case CFA_advance_loc: program->at += low * program->fde->code_factor; return true;
    case CFA_offset: save(program, low); return true;
    case CFA_restore: return keep_register(program->rules, low);
    default: return run_extended(program, code);
    }
}

/* Runs the instructions as far as `target` from the function's start; false if one of them is not known. */
static bool run(const struct lgi_fde *fde, const unsigned char *p, const unsigned char *end,
                uintptr_t target, struct rules *rules)
{
    struct program program;
    program.fde = fde;
    program.p = p;
    program.at = 0;
    program.rules = rules;
    program.depth = 0;
    while (program.p < end) {
        if (!run_step(&program))
            return false;
        if (program.at >= target)
            return true;
    }
    return true;
}

/* What the tables say of the call that returns to an address, in few words. */
struct plan {
    struct lgi_frame_info
        info; /* its rest: the offset of the CFA, the size of arguments, the register of the CFA */
    /* SAVED_BITS each: a register, and how many words below the CFA it is saved */
    uint64_t saved[SAVED_WORDS];
};

enum { MOST_BELOW = (1 << (SAVED_BITS - SLOT_BITS)) - 1, IN_A_WORD = 64 / SAVED_BITS };
_Static_assert(SAVED_WORDS *IN_A_WORD >= LGI_CONTEXT - 1 - RETURN_IS_PUSHED,
               "room for all but the stack pointer");

/* Packs where the registers are saved. False: a place is not a whole number of words below the CFA, or too far; or the
 * return address is not where a call puts it. */
static bool pack_saved(const struct rules *rules, uint64_t saved[SAVED_WORDS])
{
    unsigned count = 0;
    memset(saved, 0, SAVED_WORDS * sizeof(*saved));
    for (unsigned i = 0; i < LGI_CONTEXT; i++) {
        if (!(rules->saved & 1U << i) || (RETURN_IS_PUSHED && i == LGI_AT_IP))
            continue;
        intptr_t below = -rules->offset[i];
        if (below <= 0 || below % 8 != 0 || below / 8 > MOST_BELOW)
            return false;
        uint64_t *word = &saved[count++ / IN_A_WORD];
        *word = *word << SAVED_BITS | (uint64_t)(below / 8) << SLOT_BITS | (uint64_t)i;
    }
    return !RETURN_IS_PUSHED || rules->offset[LGI_AT_IP] == -8;
}

/* False: the frame is not for this unwinder. */
static bool make_plan(const struct rules *rules, struct plan *plan)
{
    bool usual = rules->cfa_slot >= 0 && rules->cfa_slot != LGI_AT_IP &&
                 (rules->saved & 1U << LGI_AT_IP) && !(rules->saved & 1U << LGI_AT_SP);
    if (!usual || rules->cfa_offset < INT32_MIN || rules->cfa_offset > INT32_MAX ||
        rules->argument_size > UINT16_MAX)
        return false;
    plan->info.rest |= (uint32_t)(int32_t)rules->cfa_offset | (uint64_t)rules->argument_size << 32 |
                       (uint64_t)rules->cfa_slot << 48 | (uint64_t)rules->is_signed << 55;
    return pack_saved(rules, plan->saved);
}

/* Finds the cleanup for the call that returns to `ip`. False: the frame is not for this unwinder. */
static bool find_landing(const struct lgi_fde *fde, uintptr_t ip, struct plan *plan)
{
    uintptr_t action = 0;
    plan->info.landing = 0;
    bool known = fde->lsda == 0 || (lgi_personality_is_c(fde->personality) &&
                                    lgi_lsda_find((const unsigned char *)fde->lsda, fde->function,
                                                  ip, &plan->info.landing, &action));
    plan->info.rest = (uint64_t)(action != 0) << 56;
    return known;
}

/* False: the frame is not for this unwinder. */
static bool read_tables(uintptr_t ip, struct plan *plan)
{
    struct lgi_fde fde;
    struct rules rules = {.cfa_slot = -1};
    return lgi_fde_find(ip, &fde) && !fde.signal_frame &&
           fde.return_column == lgi_dwarf_numbers[LGI_AT_IP] && find_landing(&fde, ip, plan) &&
           run(&fde, fde.initial, fde.initial_end, UINTPTR_MAX, &rules) &&
           run(&fde, fde.code, fde.code_end, ip - fde.function, &rules) && make_plan(&rules, plan);
}

/* ---- a cache of plans ------------------------------------------------------------------------------- */
/* One cache for the process. An entry is written and read in words; its sequence number is odd while the entry is being
 * written, and a reader that sees the number change takes the entry for absent. The epoch keeps the entries of an
 * object that was unloaded from being taken for those of another object at the same place. To ask for it takes a lock, so
 * the entries of objects that are never unloaded are without: those of the program and of the library itself. */

enum { ENTRIES = 512, WAYS = 2, WORDS = 4 + SAVED_WORDS };
enum { FREE, FOR_EVER, FIRST_EPOCH }; /* instead of an epoch; and the least one */

struct entry {
    _Atomic uint64_t sequence;
    _Atomic uint64_t word[WORDS]; /* ip, epoch, landing, the rest, saved */
};
static struct entry cache[ENTRIES + WAYS - 1];

static struct entry *entries_of(uintptr_t ip)
{
    return &cache[(ip * UINT64_C(0x9e3779b97f4a7c15) >> 32) % ENTRIES];
}

static int note_epoch(struct dl_phdr_info *object, size_t size, void *data)
{
    (void)size;
    *(uint64_t *)data = object->dlpi_subs + FIRST_EPOCH;
    return 1;
}

static __attribute__((noinline)) uint64_t epoch_of(struct lgi_epoch *epoch)
{
    if (epoch->value == 0) {
        epoch->value = FIRST_EPOCH;
        dl_iterate_phdr(note_epoch, &epoch->value);
    }
    return epoch->value;
}

static inline bool is_current(uint64_t known, struct lgi_epoch *epoch)
{
    return known == FOR_EVER || (known != FREE && known == epoch_of(epoch));
}

static inline bool recall(uintptr_t ip, struct lgi_epoch *epoch, struct plan *plan)
{
    struct entry *entry = entries_of(ip);
    for (int way = 0; way < WAYS; way++, entry++) {
        uint64_t before = atomic_load_explicit(&entry->sequence, memory_order_acquire);
        if (atomic_load_explicit(&entry->word[0], memory_order_acquire) != ip || (before & 1) != 0)
            continue;
        uint64_t known = atomic_load_explicit(&entry->word[1], memory_order_acquire);
        plan->info.landing = atomic_load_explicit(&entry->word[2], memory_order_acquire);
        plan->info.rest = atomic_load_explicit(&entry->word[3], memory_order_acquire);
        for (int i = 0; i < SAVED_WORDS; i++)
            plan->saved[i] = atomic_load_explicit(&entry->word[4 + i], memory_order_acquire);
        if (!is_current(known, epoch) ||
            atomic_load_explicit(&entry->sequence, memory_order_relaxed) != before)
            continue;
        return true;
    }
    return false;
}

/* How long the entry of an address is good; FREE: it must not be kept, since code that a program makes at run time comes
 * and goes without a new epoch. */
static uint64_t good_until(uintptr_t ip, struct lgi_epoch *epoch)
{
    enum lgi_code_stays stays = lgi_code_stays(ip);
    if (stays == LGI_NOT_IN_AN_OBJECT)
        return FREE;
    if (stays == LGI_FOR_EVER)
        return FOR_EVER;
    return epoch_of(epoch);
}

/* The entry for an address: its own, or the first that is free or void, or the last. */
static struct entry *place_for(uintptr_t ip, struct lgi_epoch *epoch)
{
    struct entry *entry = entries_of(ip);
    for (int way = 1; way < WAYS; way++, entry++)
        if (atomic_load_explicit(&entry->word[0], memory_order_relaxed) == ip ||
            !is_current(atomic_load_explicit(&entry->word[1], memory_order_relaxed), epoch))
            break;
    return entry;
}

static void keep(uintptr_t ip, struct lgi_epoch *epoch, const struct plan *plan)
{
    uint64_t until = good_until(ip, epoch);
    if (until == FREE)
        return;
    struct entry *entry = place_for(ip, epoch);
    uint64_t word[WORDS] = {ip, until, plan->info.landing, plan->info.rest};
    memcpy(word + 4, plan->saved, sizeof(plan->saved));
    uint64_t before = atomic_load_explicit(&entry->sequence, memory_order_relaxed);
    if ((before & 1) != 0 ||
        !atomic_compare_exchange_strong_explicit(&entry->sequence, &before, before + 1,
                                                 memory_order_acquire, memory_order_relaxed))
        return;
    for (int i = 0; i < WORDS; i++)
        atomic_store_explicit(&entry->word[i], word[i], memory_order_release);
    atomic_store_explicit(&entry->sequence, before + 2, memory_order_release);
}

/* ---- stepping ------------------------------------------------------------------------------------- */

static __attribute__((noinline)) bool read_and_keep(struct lgi_epoch *epoch, uintptr_t ip,
                                                    struct plan *plan)
{
    if (!read_tables(ip, plan))
        return false;
    keep(ip, epoch, plan);
    return true;
}

bool lgi_frame_find(struct lgi_epoch *epoch, const struct lgi_frame_state *state,
                    struct lgi_frame_info *info, struct lgi_frame_state *caller)
{
    uintptr_t ip = (uintptr_t)state->register_[LGI_AT_IP];
    struct plan plan;
    if (!recall(ip, epoch, &plan) && !read_and_keep(epoch, ip, &plan))
        return false;
    lgi_copy_words(info, &plan.info, sizeof(*info));
    unsigned slot = plan.info.rest >> 48 & 0x1f;
    void **cfa = (void **)((char *)state->register_[slot] + (int32_t)(uint32_t)plan.info.rest);
    lgi_copy_words(caller, state, sizeof(*caller));
    for (int i = 0; i < SAVED_WORDS; i++)
        for (uint64_t saved = plan.saved[i]; saved != 0; saved >>= SAVED_BITS)
            caller->register_[saved & ((1 << SLOT_BITS) - 1)] =
                cfa[-(intptr_t)(saved >> SLOT_BITS & MOST_BELOW)];
    caller->register_[LGI_AT_SP] = cfa;
    void **returns_to = &caller->register_[LGI_AT_IP];
    if (RETURN_IS_PUSHED)
        *returns_to = cfa[-1];
    *returns_to = lgi_return_address(*returns_to, cfa, plan.info.rest >> 55 & 1);
    return true;
}

static bool has_no_cleanup(uintptr_t ip, struct lgi_epoch *epoch)
{
    struct plan plan;
    return (recall(ip, epoch, &plan) || read_tables(ip, &plan)) && plan.info.landing == 0;
}

/* The call is the one that has been made, so whatever it goes through, it goes to _Unwind_Resume. */
void lgi_learn_resume(struct lgi_epoch *epoch, uintptr_t left, uintptr_t ip)
{
    struct plan plan;
    if (ip > left && lgi_is_mere_call((const unsigned char *)left, (const unsigned char *)ip) &&
        has_no_cleanup(ip, epoch) && recall(left, epoch, &plan) && !lgi_resumes(&plan.info)) {
        plan.info.rest |= (uint64_t)(ip - left) << 57;
        keep(left, epoch, &plan);
    }
}

void lgi_frame_of(struct _Unwind_Context *context, struct lgi_frame_state *state)
{
    for (int i = 0; i < LGI_CONTEXT; i++)
        if (i != LGI_AT_SP && i != LGI_AT_IP)
            state->register_[i] = (void *)_Unwind_GetGR(context, lgi_dwarf_numbers[i]);
    state->register_[LGI_AT_SP] = (void *)_Unwind_GetCFA(context);
    state->register_[LGI_AT_IP] = (void *)_Unwind_GetIP(context);
}
#endif
