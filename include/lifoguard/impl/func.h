/* Functions with a named result: lg_func, lg_return, and the head of a function that recovers. Users must not use anything here.
 *
 * The result is declared outside the user's block; the block is left, by lg_return's goto or by running
 * off its end, before the result is read in the loop's step. As the loops have no condition, the
 * compilers know that the function's end is never reached. */
#ifndef LIFOGUARD_IMPL_FUNC_H
#define LIFOGUARD_IMPL_FUNC_H

#include <lifoguard/impl/block.h>
#include <lifoguard/impl/record.h>
#include <lifoguard/impl/type_names.h>

#if !defined(__clang__) /* as in call.h */
#pragma GCC system_header
#endif

// clang-format off: as in call.h

/* The wrong way round, `name` begins with a type. The usual types are known by their names, and then the two change places, so
 * that what is wrong is said once. */
#define LGI_FUNC_OF(T, name) LGI_IF_TYPE(name, LGI_FUNC_SWAPPED, LGI_IF_BARE_ERROR(T, LGI_FUNC_BARE, LGI_FUNC))(T, name)
#define LGI_FUNC_WRONG(...)                                                                        \
    LGI_ASSERTED(lgi_demand_name, 0, LGI_FUNC_TEXT, (void)0);                                      \
    LGI_FUNC(lg_error *, lgi_result)
#define LGI_FUNC_TEXT "write lg_func (type, name): the type of the result and a new name, which begins as zero"
#define LGI_FUNC_ORDER_TEXT "the type of the result stands first: write lg_func (type, name)"
LGI_DEMANDED(lgi_demand_name, LGI_FUNC_TEXT)
LGI_DEMANDED(lgi_demand_order, LGI_FUNC_ORDER_TEXT)
/* lg_error without its star, of which no function returns one. */
#define LGI_FUNC_BARE(T, name)                                                                     \
    LGI_ASSERTED(lgi_demand_star, 0, LGI_FUNC_BARE_TEXT, (void)0);                                 \
    LGI_FUNC(lg_error *, name)
#define LGI_FUNC_BARE_TEXT "errors are returned by pointer: write lg_func (lg_error *, name)"
LGI_DEMANDED(lgi_demand_star, LGI_FUNC_BARE_TEXT)
#define LGI_FUNC_SWAPPED(name, T)                                                                  \
    LGI_ASSERTED(lgi_demand_order, 0, LGI_FUNC_ORDER_TEXT, (void)0);                               \
    LGI_FUNC(T, name)
#define LGI_FUNC(T, name)                                                                          \
    LGI_ASSERTED(lgi_demand_name, !__builtin_strchr(#name, '='), LGI_FUNC_TEXT, (void)0);          \
    LGI_TYPED_FOR(T) name, *const lg_return_stands_only_in_an_lg_func LGI_UNUSED = lgi_zeroed(&name, sizeof(name));; \
         __extension__({ return name; }))                                                          \
        for (struct lgi_frame                                                                      \
                 lgi_frame =                                                                       \
                     {LGI_IF_ERROR(lg_return_stands_only_in_an_lg_func, (lg_error **)0),           \
                      LGI_IF_ERROR(lgi_top, (struct lgi_record *)0), 0},                           \
                 *const this_stands_only_in_an_lg_func LGI_UNUSED = &lgi_frame,                    \
                 *const lgi_result_is_an_error __attribute__((cleanup(lgi_frame_leave), unused)) =         \
                     LGI_IF_ERROR(&lgi_frame, (struct lgi_frame *)0);                              \
             ; __extension__({                                                                     \
                 lgi_frame.error = (lg_error **)0;                                                 \
                 return name;                                                                      \
             }))                                                                                   \
            LGI_WATCHED(lgi_frame.error = (lg_error **)0; return name;)
/* (Of a type that nobody has declared clang would complain wherever the result is used; so int takes its place.) */
#if defined(__clang__)
typedef int lgi_result_type;
#define LGI_TYPED_FOR(T) LGI_HIDING typedef __typeof__(T) lgi_result_type; LGI_HIDING_END for (lgi_result_type
#else
#define LGI_TYPED_FOR(T) for (__typeof__(T)
#endif
/* (Its address is taken once, since a compiler repeats what is wrong with the name.) */
#define LGI_IF_ERROR(this, that)                                                                   \
    _Generic(lg_return_stands_only_in_an_lg_func, lg_error * *: this, default: that)

/* lg_return: the commas of a compound literal are no separators, and a value alone stays what it is, as NULL. */
#define LGI_RETURNED(...) (__VA_ARGS__)
#define LGI_RETURNED_NOTHING() *lg_return_stands_only_in_an_lg_func
#define LGI_RETURNED_TEXT                                                                          \
    "write lg_return(value), with one value, or lg_return_void() in an lg_func_void"
#define LGI_RETURN_ONE(text)
#define LGI_RETURN_SEVERAL(text)                                                                   \
    LGI_DEMAND(lgi_demand_result, __builtin_strchr(text, '{') != 0, LGI_RETURNED_TEXT)
LGI_DEMANDED(lgi_demand_result, LGI_RETURNED_TEXT)

/* (lg_return(value) and lg_try would assign to what the pointer points to: the type's name says what to write. The inner loop,
 * which only declares the pointer, runs once.) */
struct lg_func_void_has_no_result__write_lg_return_void_or_lg_func;
#define LGI_FUNC_VOID                                                                              \
    for (struct lgi_frame lgi_frame = {(lg_error **)0, (struct lgi_record *)0, 0},                 \
                          *const this_stands_only_in_an_lg_func LGI_UNUSED = &lgi_frame;;          \
         __extension__({ LGI_RETURN_NOTHING; }))                                                   \
        for (struct lg_func_void_has_no_result__write_lg_return_void_or_lg_func                    \
                 *lg_return_stands_only_in_an_lg_func = (void *)&lgi_frame;                        \
             lg_return_stands_only_in_an_lg_func; lg_return_stands_only_in_an_lg_func = (void *)0) \
            LGI_WATCHED(LGI_RETURN_NOTHING;)

/* `end` is what the step of the loop around does. The inner loop makes no difference but for a `break`, which leaves it. */
#if defined(LG_DEBUG)
#define LGI_WATCHED(end)                                                                           \
    for (struct lgi_exit_check lgi_exit_check __attribute__((cleanup(lgi_exit_checked))) =         \
             {&lgi_frame, __FILE__, __func__, __LINE__, 0};; __extension__({                       \
                 lgi_exit_check.ended = 1;                                                         \
                 end                                                                               \
             }))                                                                                   \
        for (int lgi_once = 1; lgi_once; lgi_once = 0)
#else
#define LGI_WATCHED(end)
#endif

/* A recovered panic makes LGI_SAVE return a second time. */
#define LGI_HEAD(result)                                                                           \
    for (struct lgi_head lgi_head __attribute__((cleanup(lgi_head_leave))),                        \
         *lg_defer_recover_stands_only_in_an_lg_func_recovers = lgi_head_open(&lgi_head, result);  \
         lg_defer_recover_stands_only_in_an_lg_func_recovers;                                      \
         lg_defer_recover_stands_only_in_an_lg_func_recovers = (struct lgi_head *)0)

/* lg_return's label. A second lg_func in a function would share it; the message then says so. */
#define LGI_RETURN_LABEL lg_return_goes_to_the_one_lg_func_of_its_function_and_not_out_of_a_deferred_block

/* gcc's own pair does without -Wclobbered, which names parameters far from any macro; clang 22 does not
 * treat it as returning twice, and at -O2 takes variables from registers that no longer hold them. */
#if defined(__clang__)
#define LGI_SAVE(head) lgi_save((head).context)
#define LGI_HEAD_SITE lgi_head_site
#else
#define LGI_SAVE(head) __builtin_setjmp((head).context)
#if defined(__CET__) && (__CET__ & 2) /* it keeps the shadow stack's pointer too */
#define LGI_HEAD_SITE lgi_head_site_gcc_cet
#else
#define LGI_HEAD_SITE lgi_head_site_gcc
#endif
#endif

// clang-format on

static inline int lgi_succeeded(const struct lgi_frame *frame)
{
    return frame->ok && !(frame->error && *frame->error);
}

/* Its use, unlike "name = {0}", is one error and not four if `name` comes with a value. */
__attribute__((__always_inline__)) static inline void *lgi_zeroed(void *result, size_t size)
{
    return __builtin_memset(result, 0, size);
}

/* A result that is an error and was never returned has been abandoned by a panic. With any other result
 * the frame's address goes nowhere, and the compilers do without the frame. */
static inline void lgi_frame_leave(struct lgi_frame *const *frame)
{
    if (*frame && (*frame)->error)
        lgi_abandon(*frame);
}

static inline struct lgi_head *lgi_head_open(struct lgi_head *head, void *result)
{
    head->record.previous = lgi_top;
    head->record.site = &LGI_HEAD_SITE;
    head->result = result;
    lgi_top = &head->record;
    return head;
}

LGI_LEFT_BY_JUMP static inline void lgi_head_leave(struct lgi_head *head)
{
    if (LGI_LIKELY(lgi_top == &head->record))
        lgi_top = head->record.previous;
    else
        lgi_head_unwound(head);
}

#endif
