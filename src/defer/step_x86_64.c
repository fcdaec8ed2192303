#define _GNU_SOURCE
#include "defer/step.h"

#include <link.h>
#include <stdatomic.h>

#include "defer/find_object.h"
#include "defer/lsda.h"
#include "defer/table.h"

/* DWARF's numbers of the registers that a call preserves, in lgi_save's order: rbx, rbp, r12 to r15; then the
 * stack pointer and the return address. */
enum { DWARF_RBP = 6, DWARF_RSP = 7, DWARF_RA = 16, PRESERVED = 6, REMEMBERED = 4 };

static int slot_of(uintptr_t dwarf)
{
    switch (dwarf) {
    case 3: return 0;
    case DWARF_RBP: return 1;
    case 12:
    case 13:
    case 14:
    case 15: return (int)dwarf - 10;
    case DWARF_RSP: return LGI_AT_SP;
    case DWARF_RA: return LGI_AT_IP;
    default: return -1;
    }
}

/* Where a frame keeps its caller's registers. */
struct rules {
    unsigned saved;               /* the registers that `offset` has, one bit each */
    int cfa_slot;                 /* the canonical frame address is this register… */
    intptr_t cfa_offset;          /* …plus this */
    intptr_t offset[LGI_CONTEXT]; /* saved there, from that address */
    uintptr_t argument_size;
};

enum {
    CFA_advance_loc = 0x40,
    CFA_offset = 0x80,
    CFA_restore = 0xc0,
    CFA_nop = 0x00,
    CFA_advance_loc1 = 0x02,
    CFA_advance_loc2 = 0x03,
    CFA_advance_loc4 = 0x04,
    CFA_same_value = 0x08,
    CFA_remember_state = 0x0a,
    CFA_restore_state = 0x0b,
    CFA_def_cfa = 0x0c,
    CFA_def_cfa_register = 0x0d,
    CFA_def_cfa_offset = 0x0e,
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

/* The register has its caller's value. False for the return address, of which that cannot be. */
static bool keep_register(struct rules *rules, uintptr_t dwarf)
{
    int slot = slot_of(dwarf);
    if (slot >= 0)
        rules->saved &= ~(1U << slot);
    return slot != LGI_AT_IP;
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
    case CFA_same_value: return keep_register(rules, operand(program));
    case CFA_remember_state: return remember(program);
    case CFA_restore_state: return restore(program);
    case CFA_def_cfa:
        rules->cfa_slot = slot_of(operand(program));
        rules->cfa_offset = (intptr_t)operand(program);
        return true;
    case CFA_def_cfa_register: rules->cfa_slot = slot_of(operand(program)); return true;
    case CFA_def_cfa_offset: rules->cfa_offset = (intptr_t)operand(program); return true;
    case CFA_GNU_args_size: rules->argument_size = operand(program); return true;
    default: return false;
    }
}

static bool run_one(struct program *program)
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
        if (!run_one(&program))
            return false;
        if (program.at >= target)
            return true;
    }
    return true;
}

/* What the tables say of the call that returns to an address, in few words. */
struct plan {
    uintptr_t landing;
    uint64_t saved; /* a byte each: how many words below the CFA a register is; 0: not saved */
    int32_t cfa_offset;
    uint16_t argument_size;
    uint8_t cfa_slot;
    uint8_t terminate;
};

/* Packs where the registers are saved. False: a place is not a whole number of words below the CFA, or too far. */
static bool pack_saved(const struct rules *rules, uint64_t *saved)
{
    *saved = 0;
    for (int i = 0; i < LGI_CONTEXT; i++) {
        if (!(rules->saved & 1U << i))
            continue;
        intptr_t below = -rules->offset[i];
        if (below <= 0 || below % 8 != 0 || below / 8 > UINT8_MAX)
            return false;
        *saved |= (uint64_t)(below / 8) << 8 * i;
    }
    return true;
}

/* False: the frame is not for this unwinder. */
static bool make_plan(const struct rules *rules, struct plan *plan)
{
    bool usual = rules->cfa_slot >= 0 && rules->cfa_slot != LGI_AT_IP &&
                 (rules->saved & 1U << LGI_AT_IP) && !(rules->saved & 1U << LGI_AT_SP);
    if (!usual || rules->cfa_offset < INT32_MIN || rules->cfa_offset > INT32_MAX ||
        rules->argument_size > UINT16_MAX)
        return false;
    plan->cfa_slot = (uint8_t)rules->cfa_slot;
    plan->cfa_offset = (int32_t)rules->cfa_offset;
    plan->argument_size = (uint16_t)rules->argument_size;
    return pack_saved(rules, &plan->saved);
}

/* Finds the cleanup for the call that returns to `ip`. False: the frame is not for this unwinder. */
static bool find_landing(const struct lgi_fde *fde, uintptr_t ip, struct plan *plan)
{
    uintptr_t action = 0;
    plan->landing = 0;
    bool known = fde->lsda == 0 || (lgi_personality_is_c(fde->personality) &&
                                    lgi_lsda_find((const unsigned char *)fde->lsda, fde->function,
                                                  ip, &plan->landing, &action));
    plan->terminate = action != 0;
    return known;
}

/* False: the frame is not for this unwinder. */
static bool read_tables(uintptr_t ip, struct plan *plan)
{
    struct lgi_fde fde;
    struct rules rules = {.cfa_slot = -1};
    return lgi_fde_find(ip, &fde) && !fde.signal_frame && fde.return_column == DWARF_RA &&
           find_landing(&fde, ip, plan) &&
           run(&fde, fde.initial, fde.initial_end, UINTPTR_MAX, &rules) &&
           run(&fde, fde.code, fde.code_end, ip - fde.function, &rules) && make_plan(&rules, plan);
}

/* ---- a cache of plans ------------------------------------------------------------------------------- */
/* One cache for the process. An entry is written and read in words; its sequence number is odd while the entry is being
 * written, and a reader that sees the number change takes the entry for absent. The epoch keeps the entries of an
 * object that was unloaded from being taken for those of another object at the same place. */

enum { ENTRIES = 512, WAYS = 2, WORDS = 5 };

struct entry {
    _Atomic uint64_t sequence;
    _Atomic uint64_t word[WORDS]; /* ip, epoch, landing, saved, the rest */
};
static struct entry cache[ENTRIES + WAYS - 1];

static struct entry *entries_of(uintptr_t ip)
{
    return &cache[(ip * UINT64_C(0x9e3779b97f4a7c15) >> 32) % ENTRIES];
}

static bool recall(uintptr_t ip, uint64_t epoch, struct plan *plan)
{
    struct entry *entry = entries_of(ip);
    for (int way = 0; way < WAYS; way++, entry++) {
        uint64_t before = atomic_load_explicit(&entry->sequence, memory_order_acquire);
        if (atomic_load_explicit(&entry->word[0], memory_order_acquire) != ip || (before & 1) != 0)
            continue;
        uint64_t known = atomic_load_explicit(&entry->word[1], memory_order_acquire);
        plan->landing = atomic_load_explicit(&entry->word[2], memory_order_acquire);
        plan->saved = atomic_load_explicit(&entry->word[3], memory_order_acquire);
        uint64_t rest = atomic_load_explicit(&entry->word[4], memory_order_acquire);
        if (known != epoch ||
            atomic_load_explicit(&entry->sequence, memory_order_relaxed) != before)
            continue;
        plan->cfa_offset = (int32_t)(uint32_t)rest;
        plan->argument_size = (uint16_t)(rest >> 32);
        plan->cfa_slot = (uint8_t)(rest >> 48);
        plan->terminate = (uint8_t)(rest >> 56);
        return true;
    }
    return false;
}

static void keep(uintptr_t ip, uint64_t epoch, const struct plan *plan)
{
    struct entry *entry = entries_of(ip);
    /* The first entry that is free or void; else the last. */
    for (int way = 1;
         way < WAYS && atomic_load_explicit(&entry->word[1], memory_order_relaxed) == epoch; way++)
        entry++;
    const uint64_t word[WORDS] = {ip, epoch, plan->landing, plan->saved,
                                  (uint32_t)plan->cfa_offset | (uint64_t)plan->argument_size << 32 |
                                      (uint64_t)plan->cfa_slot << 48 |
                                      (uint64_t)plan->terminate << 56};
    uint64_t before = atomic_load_explicit(&entry->sequence, memory_order_relaxed);
    if ((before & 1) != 0 ||
        !atomic_compare_exchange_strong_explicit(&entry->sequence, &before, before + 1,
                                                 memory_order_acquire, memory_order_relaxed))
        return;
    for (int i = 0; i < WORDS; i++)
        atomic_store_explicit(&entry->word[i], word[i], memory_order_release);
    atomic_store_explicit(&entry->sequence, before + 2, memory_order_release);
}

static int note_epoch(struct dl_phdr_info *object, size_t size, void *data)
{
    (void)size;
    *(uint64_t *)data = object->dlpi_subs + 1; /* 0 is the epoch of empty entries */
    return 1;
}

uint64_t lgi_epoch(void)
{
    uint64_t epoch = 1;
    dl_iterate_phdr(note_epoch, &epoch);
    return epoch;
}

/* ---- stepping ------------------------------------------------------------------------------------- */

bool lgi_frame_find(uint64_t epoch, const struct lgi_frame_state *state,
                    struct lgi_frame_info *info, struct lgi_frame_state *caller)
{
    uintptr_t ip = (uintptr_t)state->register_[LGI_AT_IP];
    struct plan plan;

    if (!recall(ip, epoch, &plan)) {
        if (!read_tables(ip, &plan))
            return false;
        if (lgi_is_in_an_object(ip)) /* other code comes and goes without a new epoch */
            keep(ip, epoch, &plan);
    }
    info->landing = plan.landing;
    info->terminate = plan.terminate;
    info->argument_size = plan.argument_size;

    char *cfa = (char *)state->register_[plan.cfa_slot] + plan.cfa_offset;
    *caller = *state;
    for (uint64_t saved = plan.saved; saved != 0;) {
        unsigned shift = (unsigned)__builtin_ctzll(saved) & ~7U;
        memcpy(&caller->register_[shift / 8], cfa - (saved >> shift & 0xff) * 8, sizeof(void *));
        saved &= ~(UINT64_C(0xff) << shift);
    }
    caller->register_[LGI_AT_SP] = cfa;
    return true;
}

void lgi_frame_of(struct _Unwind_Context *context, struct lgi_frame_state *state)
{
    static const int dwarf[PRESERVED] = {3, DWARF_RBP, 12, 13, 14, 15};
    for (int i = 0; i < PRESERVED; i++)
        state->register_[i] = (void *)_Unwind_GetGR(context, dwarf[i]);
    state->register_[LGI_AT_SP] = (void *)_Unwind_GetCFA(context);
    state->register_[LGI_AT_IP] = (void *)_Unwind_GetIP(context);
}
