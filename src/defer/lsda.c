#include "defer/lsda.h"

#include "defer/table.h"

/* libgcc's; not in its header. */
struct dwarf_eh_bases {
    void *tbase;
    void *dbase;
    void *func;
};
extern const void *_Unwind_Find_FDE(void *pc, struct dwarf_eh_bases *bases);
extern _Unwind_Reason_Code __gcc_personality_v0(int, _Unwind_Action, _Unwind_Exception_Class,
                                                struct _Unwind_Exception *,
                                                struct _Unwind_Context *);

bool lgi_personality_is_c(uintptr_t personality)
{
    return personality == (uintptr_t)__gcc_personality_v0;
}

bool lgi_lsda_find(const unsigned char *p, uintptr_t function, uintptr_t ip, uintptr_t *landing,
                   uintptr_t *action)
{
    uintptr_t length, begin, size, pad, act;
    uintptr_t base = function;
    uintptr_t offset = ip - 1 - function; /* in the call, not behind it */
    unsigned char encoding = *p++;

    *landing = *action = 0;
    if (encoding != DW_EH_PE_omit && !(p = lgi_read_pointer(encoding, p, &base)))
        return false;
    encoding = *p++;
    if (encoding != DW_EH_PE_omit)
        p = lgi_read_uleb(p, &length);
    encoding = *p++;
    p = lgi_read_uleb(p, &length);
    for (const unsigned char *end = p + length; p < end;) {
        if (encoding == DW_EH_PE_uleb128) {
            p = lgi_read_uleb(p, &begin);
            p = lgi_read_uleb(p, &size);
            p = lgi_read_uleb(p, &pad);
        } else if (!(p = lgi_read_encoded(encoding, p, &begin)) ||
                   !(p = lgi_read_encoded(encoding, p, &size)) ||
                   !(p = lgi_read_encoded(encoding, p, &pad))) {
            return false;
        }
        p = lgi_read_uleb(p, &act);
        if (offset < begin)
            return true; /* the table is sorted: no entry */
        if (offset < begin + size) {
            if (pad != 0) {
                *landing = base + pad;
                *action = act;
            }
            return true;
        }
    }
    return true;
}

bool lgi_fde_find(uintptr_t ip, struct lgi_fde *fde)
{
    struct dwarf_eh_bases bases;
    const unsigned char *p = _Unwind_Find_FDE((void *)(ip - 1), &bases);
    uint32_t length, back;
    uintptr_t skipped, size;
    unsigned char pointer_encoding = DW_EH_PE_absptr, lsda_encoding = DW_EH_PE_omit;

    if (!p)
        return false;
    memcpy(&length, p, sizeof(length));
    if (length == 0xffffffff)
        return false;
    memcpy(&back, p + 4, sizeof(back));
    fde->code_end = p + 4 + length;
    const unsigned char *cie = p + 4 - back;

    memcpy(&length, cie, sizeof(length));
    fde->initial_end = cie + 4 + length;
    const unsigned char *augmentation = cie + 9;
    if (augmentation[0] != 'z')
        return false;
    const unsigned char *c = augmentation;
    while (*c)
        c++;
    c = lgi_read_uleb(c + 1, &fde->code_factor);
    c = lgi_read_sleb(c, &fde->data_factor);
    c = lgi_read_uleb(c, &fde->return_column);
    c = lgi_read_uleb(c, &size);
    fde->initial = c + size;
    fde->personality = fde->lsda = 0;
    fde->signal_frame = false;
    for (const unsigned char *a = augmentation + 1; *a; a++) {
        if (*a == 'R') {
            pointer_encoding = *c++;
        } else if (*a == 'L') {
            lsda_encoding = *c++;
        } else if (*a == 'P') {
            unsigned char encoding = *c++;
            if (!(c = lgi_read_pointer(encoding, c, &fde->personality)))
                return false;
        } else if (*a == 'S') {
            fde->signal_frame = true;
        } else {
            return false;
        }
    }

    fde->function = (uintptr_t)bases.func;
    p += 8;
    if (!(p = lgi_read_encoded(pointer_encoding, p,
                               &skipped)) || /* the function's start and length */
        !(p = lgi_read_encoded(pointer_encoding & 0x0f, p, &skipped)))
        return false;
    p = lgi_read_uleb(p, &size);
    fde->code = p + size;
    return lsda_encoding == DW_EH_PE_omit || lgi_read_pointer(lsda_encoding, p, &fde->lsda);
}

bool lgi_in_terminate_scope(struct _Unwind_Context *context)
{
    uintptr_t lsda = (uintptr_t)_Unwind_GetLanguageSpecificData(context);
    uintptr_t ip = _Unwind_GetIP(context);
    uintptr_t landing, action;
    struct lgi_fde fde;
    return lsda != 0 &&
           lgi_lsda_find((const unsigned char *)lsda, (uintptr_t)_Unwind_GetRegionStart(context),
                         ip, &landing, &action) &&
           action != 0 && lgi_fde_find(ip, &fde) && lgi_personality_is_c(fde.personality);
}
