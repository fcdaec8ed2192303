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

/* An entry of the table of call sites. */
struct call_site {
    uintptr_t begin, size; /* of the calls, from the start of the function */
    uintptr_t landing;     /* from the base; 0: none */
    uintptr_t action;
};

/* Returns what follows the entry. NULL: the encoding is not known. */
static const unsigned char *read_call_site(const unsigned char *p, unsigned char encoding,
                                           struct call_site *site)
{
    p = lgi_read_encoded(encoding, p, &site->begin);
    p = p ? lgi_read_encoded(encoding, p, &site->size) : NULL;
    p = p ? lgi_read_encoded(encoding, p, &site->landing) : NULL;
    return p ? lgi_read_uleb(p, &site->action) : NULL;
}

/* Reads the head of the area, as far as the table of call sites. NULL: the encoding of the base is not known. */
static const unsigned char *read_head(const unsigned char *p, uintptr_t *base)
{
    uintptr_t types;
    unsigned char encoding = *p++;
    if (encoding != DW_EH_PE_omit && !(p = lgi_read_pointer(encoding, p, base)))
        return NULL;
    encoding = *p++;
    return encoding != DW_EH_PE_omit ? lgi_read_uleb(p, &types) : p;
}

bool lgi_lsda_find(const unsigned char *p, uintptr_t function, uintptr_t ip, uintptr_t *landing,
                   uintptr_t *action)
{
    uintptr_t length, base = function;
    uintptr_t offset = ip - 1 - function; /* in the call, not behind it */

    *landing = *action = 0;
    if (!(p = read_head(p, &base)))
        return false;
    unsigned char encoding = *p++;
    p = lgi_read_uleb(p, &length);
    for (const unsigned char *end = p + length; p < end;) {
        struct call_site site;
        if (!(p = read_call_site(p, encoding, &site)))
            return false;
        if (offset < site.begin)
            return true; /* the table is sorted: there is no entry for this call */
        if (offset < site.begin + site.size) {
            *landing = site.landing ? base + site.landing : 0;
            *action = site.landing ? site.action : 0;
            return true;
        }
    }
    return true;
}

/* ---- the table of frames ---- */

/* How the pointers of a function's entry are encoded. */
struct encodings {
    unsigned char function, lsda;
};

/* Reads the values that the letters of the augmentation stand for. False: a letter is not known. */
static bool read_augmentation(const unsigned char *letters, const unsigned char *p,
                              struct lgi_fde *fde, struct encodings *encodings)
{
    unsigned char encoding;
    for (; *letters; letters++) {
        switch (*letters) {
        case 'R': encodings->function = *p++; break;
        case 'L': encodings->lsda = *p++; break;
        case 'P':
            encoding = *p++;
            if (!(p = lgi_read_pointer(encoding, p, &fde->personality)))
                return false;
            break;
        case 'S': fde->signal_frame = true; break;
        default: return false;
        }
    }
    return true;
}

/* Reads the entry that many functions share (the CIE). */
static bool read_common(const unsigned char *cie, struct lgi_fde *fde, struct encodings *encodings)
{
    enum { LENGTH = 4, AUGMENTATION = 9 }; /* offsets: behind the length, its kind and a version */
    const unsigned char *letters = cie + AUGMENTATION;
    uint32_t length;
    uintptr_t size;
    if (letters[0] != 'z')
        return false;
    memcpy(&length, cie, sizeof(length));
    fde->initial_end = cie + LENGTH + length;
    const unsigned char *p = letters + strlen((const char *)letters) + 1;
    p = lgi_read_uleb(p, &fde->code_factor);
    p = lgi_read_sleb(p, &fde->data_factor);
    p = lgi_read_uleb(p, &fde->return_column);
    p = lgi_read_uleb(p, &size);
    fde->initial = p + size;
    fde->personality = fde->lsda = 0;
    fde->signal_frame = false;
    return read_augmentation(letters + 1, p, fde, encodings);
}

/* Reads the rest of the function's own entry (the FDE): the start and length of the function, the pointer to its
 * language-specific data area, the instructions. */
static bool read_own(const unsigned char *p, struct encodings encodings, struct lgi_fde *fde)
{
    uintptr_t ignored, size;
    if (!(p = lgi_read_encoded(encodings.function, p, &ignored)) ||
        !(p = lgi_read_encoded(encodings.function & 0x0f, p, &ignored)))
        return false;
    p = lgi_read_uleb(p, &size);
    fde->code = p + size;
    return encodings.lsda == DW_EH_PE_omit || lgi_read_pointer(encodings.lsda, p, &fde->lsda);
}

bool lgi_fde_find(uintptr_t ip, struct lgi_fde *fde)
{
    struct encodings encodings = {.function = DW_EH_PE_absptr, .lsda = DW_EH_PE_omit};
    struct dwarf_eh_bases bases;
    uint32_t length, back; /* of the entry; from its second word to the common entry */
    const unsigned char *p = _Unwind_Find_FDE((void *)(ip - 1), &bases);

    if (!p)
        return false;
    memcpy(&length, p, sizeof(length));
    memcpy(&back, p + 4, sizeof(back));
    if (length == UINT32_MAX || !read_common(p + 4 - back, fde, &encodings))
        return false;
    fde->function = (uintptr_t)bases.func;
    fde->code_end = p + 4 + length;
    return read_own(p + 8, encodings, fde);
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
