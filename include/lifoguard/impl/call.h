/* The macros that store the arguments of a deferred call and register the call. check.h checks them before, and record.h
 * describes the records that they leave at run time.
 *
 * Every use costs the compiler the text of the expansion, so the expansions are short: code that all uses share stands in
 * functions of the library (lgi_leave_…). A macro repeats the user's expressions as seldom as the checks allow, because a
 * compiler repeats an error for each repetition. docs/rationale.md has the measurements. */
#ifndef LIFOGUARD_IMPL_CALL_H
#define LIFOGUARD_IMPL_CALL_H

#include <lifoguard/impl/block.h>
#include <lifoguard/impl/check.h>
#include <lifoguard/impl/func.h>
#include <lifoguard/impl/link.h>
#include <lifoguard/impl/probe.h>
#include <lifoguard/impl/record.h>

#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif

/* The number of arguments after the function, 0 to 4; lgi_many for more, with which all but its message is as for 0;
 * lgi_nothing if the function is missing too, or anything between two commas or behind the last. */
LGI_PUSH
#if defined(__clang__)
LGI_QUIET("-Wpedantic")
#endif
#define LGI_COUNT(...)                                                                             \
    LGI_COUNT_(~, ##__VA_ARGS__, LGI_MANY, LGI_MANY, LGI_MANY, LGI_MANY, LGI_MANY, LGI_MANY,       \
               LGI_IS_4, LGI_IS_3, LGI_IS_2, LGI_IS_1, LGI_IS_0, LGI_NOTHING, ~)(__VA_ARGS__)
LGI_POP
#define LGI_COUNT_(none, f, a, b, c, d, e, g, h, i, j, k, count, ...) count
#define LGI_MANY(...) lgi_many
#define LGI_NOTHING(...) lgi_nothing
#define LGI_IS_0(f) 0
#define LGI_IS_1(f, a) LGI_SIXTH(LGI_GIVEN(f) LGI_GIVEN(a), , , 1, LGI_NOTHINGS)
#define LGI_IS_2(f, a, b) LGI_SIXTH(LGI_GIVEN(f) LGI_GIVEN(a) LGI_GIVEN(b), , 2, LGI_NOTHINGS)
#define LGI_IS_3(f, a, b, c)                                                                       \
    LGI_SIXTH(LGI_GIVEN(f) LGI_GIVEN(a) LGI_GIVEN(b) LGI_GIVEN(c), 3, LGI_NOTHINGS)
#define LGI_IS_4(f, a, b, c, d)                                                                    \
    LGI_SIXTH(LGI_GIVEN(f) LGI_GIVEN(a) LGI_GIVEN(b) LGI_GIVEN(c) LGI_GIVEN(d) 4, LGI_NOTHINGS)
#define LGI_NOTHINGS lgi_nothing, lgi_nothing, lgi_nothing, lgi_nothing, lgi_nothing, ~
#define LGI_SIXTH(...) LGI_SIXTH_(__VA_ARGS__)
#define LGI_SIXTH_(a, b, c, d, e, sixth, ...) sixth
enum { lgi_many = 0, lgi_nothing = 0 };
#define lgi_call_lgi_many lgi_call_0
#define lgi_call_lgi_nothing lgi_call_0
#define lgi_leave_lgi_many lgi_leave_0
#define lgi_leave_lgi_nothing lgi_leave_0
#define lgi_kept_lgi_many lgi_kept_0
#define lgi_kept_lgi_nothing lgi_kept_0

#define LGI_NAMED_BY(id) lgi_name_##id
#define LGI_FN(id) lgi_fn_##id
#define LGI_ARG(id, n) lgi_arg##n##_##id
#define LGI_RESULT(id) lgi_type_##id
#define LGI_SITE_OF(id) lgi_site_##id
#define LGI_RECORD(id) lgi_record_##id
#define LGI_WORDS(id) lgi_words_##id

// clang-format off: it takes the parts of these macros for statements, and moves them at each run

/* ---- what is kept ------------------------------------------------------------------------------ */

/* A pointer to a function, as opposed to the function's name, has to be kept with the arguments. So is a function that takes
 * an lg_until, since what makes the usual call counts an argument as a word. */
#define LGI_IS_KEPT(id, n)                                                                         \
    (!__builtin_types_compatible_p(lgi_name_##id, __typeof__(*lgi_fn_##id)) | LGI_WIDES_##n(id))

#define LGI_SITE(id, n, kind, text, function, kept)                                                \
    static const struct lgi_site LGI_SITE_OF(id) = {                                               \
        (lgi_function)(function), text, __FILE__, __func__, __LINE__, kind, n, kept};

/* After the prelude, in an expression that hands the call to a function of the library: the site and the words, of which
 * there is at least one. */
#define LGI_HANDED(id, n, text)                                                                    \
    LGI_SITE(id, n + LGI_WIDES_##n(id), LGI_ENTRY, text, 0, 1)                                     \
    uintptr_t LGI_WORDS(id)[n + 2];                                                                \
    LGI_WORDS(id)[n] = 0;                                                                          \
    LGI_STORE_##n(id, LGI_WORDS(id))                                                               \
    LGI_WIDEN_##n(id, n, LGI_WORDS(id))
#define LGI_HANDED_ARGS(id) &LGI_SITE_OF(id), (lgi_function)LGI_FN(id), LGI_WORDS(id)

/* A record with its words, which `leave` takes care of when the block is left. */
#define LGI_RECORDED(id, n, leave, kind, text)                                                     \
    LGI_NO_JUMP(id)                                                                                \
    LGI_SITE(id, n + LGI_WIDES_##n(id), kind, text, 0, 1)                                          \
    struct lgi_call_4 lgi_record_##id __attribute__((cleanup(leave)));                             \
    LGI_LINK_##n(id);                                                                              \
    LGI_WIDEN_##n(id, n, lgi_record_##id.word)

/* ---- the forms ---------------------------------------------------------------------------------- */

#define LGI_FIRST(...) LGI_FIRST_(__VA_ARGS__, 0)
#define LGI_FIRST_(first, ...) first
/* The function as the user has written it. */
#define LGI_NAME_0(f) f
#define LGI_NAME_1(f, a) f
#define LGI_NAME_2(f, a, b) f
#define LGI_NAME_3(f, a, b, c) f
#define LGI_NAME_4(f, a, b, c, d) f
#define LGI_NAME_lgi_many(f, ...) f
#define LGI_NAME_lgi_nothing(...) lgi_any

#define LGI_PLAIN(id, n, text, ...)                                                                \
    LGI_PRELUDE_##n(id, , , , LGI_ADVICE_DEFER, __VA_ARGS__)                                           \
    LGI_NO_JUMP(id)                                                                                \
    static const struct lgi_site lgi_site_##id = {                                                 \
        (lgi_function)__builtin_choose_expr(LGI_IS_KEPT(id, n), lgi_kept_##n, LGI_NAME_##n(__VA_ARGS__)), \
        text, __FILE__, __func__, __LINE__, LGI_CALL, n + LGI_WIDES_##n(id), LGI_IS_KEPT(id, n)};  \
    struct lgi_call_##n lgi_record_##id __attribute__((cleanup(lgi_leave_##n)));                   \
    LGI_STEPS_BEGIN                                                                                \
    LGI_LINK_##n(id);                                                                              \
    LGI_WIDEN_##n(id, n, lgi_record_##id.word)                                                     \
    if (LGI_IS_KEPT(id, n)) lgi_record_##id.word[n + LGI_WIDES_##n(id)] = (uintptr_t)lgi_fn_##id;  \
    LGI_STEPS_END

/* An lg_func's state is the variable lgi_frame, and a pointer to it is named after what is wrong when there is none. The
 * function lgi_frame, which is never defined, only spares a second error then. By both names, LGI_HERE knows that no
 * lg_func is around. */
void lgi_frame(void);
void lgi_head(void);
/* Likewise: what lg_func (T, name) declares, and the void forms do not. */
void lgi_result_is_an_error(void);
#define LGI_NO_RESULT                                                                              \
    _Generic(&lgi_result_is_an_error, struct lgi_frame *const *: 0, default: 1)
#define LGI_FRAME (*this_stands_only_in_an_lg_func)

#define LGI_KEEP(id, n) lgi_record_##id.word[n + LGI_WIDES_##n(id)] = (uintptr_t)lgi_fn_##id;

#define LGI_ON(id, n, kind, text, ...)                                                             \
    LGI_PRELUDE_##n(id, , , , LGI_ADVICE_DEFER, __VA_ARGS__)                                           \
    LGI_RECORDED(id, n, lgi_leave_special, kind, text)                                       \
    LGI_KEEP(id, n) LGI_RECORD(id).word[n + 1 + LGI_WIDES_##n(id)] = (uintptr_t)this_stands_only_in_an_lg_func

#define LGI_CONTAIN(id, n, text, ...)                                                              \
    _Static_assert(!LGI_NO_ERROR(__typeof__(*lg_return_stands_only_in_an_lg_func)), LGI_NO_ERROR_TEXT); \
    LGI_PRELUDE_##n(id, , , , LGI_ADVICE_DEFER, __VA_ARGS__)                                           \
    LGI_RECORDED(id, n, lgi_leave_special, LGI_CONTAINED, text)                              \
    LGI_KEEP(id, n) LGI_RECORD(id).word[n + 1 + LGI_WIDES_##n(id)] = (uintptr_t)&lgi_frame
#define LGI_NO_ERROR(T) (!__builtin_types_compatible_p(T, lg_error *))
#define LGI_NO_ERROR_TEXT "lg_defer_contained joins the panic to the function's result: write lg_func (lg_error *, err)"

#define LGI_RECOVERING(id, n, text, ...)                                                           \
    LGI_PRELUDE_##n(id, , , LGI_FIRST_PANIC, LGI_ADVICE_DEFER, __VA_ARGS__)                                     \
    LGI_RECORDED(id, n, lgi_leave_special, LGI_RECOVER, text)                                \
    if (!lg_defer_recover_stands_only_in_an_lg_func_recovers)                                      \
        goto LGI_RETURN_LABEL;                      \
    LGI_KEEP(id, n)

#define LGI_NAMED_AS(id, n, name, text, ...)                                                       \
    LGI_PRELUDE_##n(id, , , , LGI_ADVICE_DEFER, __VA_ARGS__)                                           \
    LGI_NO_JUMP(id)                                                                                \
    LGI_SITE(id, n + LGI_WIDES_##n(id), LGI_NAMED, text, 0, 1)                                                         \
    struct lgi_named LGI_RECORD(id) __attribute__((cleanup(lgi_leave_named)));                     \
    lg_deferred *const name LGI_UNUSED = &LGI_RECORD(id).deferred;                                 \
    LGI_STEPS_BEGIN                                                                                \
    LGI_RECORD(id).deferred.site = &LGI_SITE_OF(id);                                               \
    LGI_RECORD(id).deferred.function = (lgi_function)LGI_FN(id);                                   \
    LGI_STORE_##n(id, LGI_RECORD(id).deferred.word)                                                \
    LGI_WIDEN_##n(id, n, LGI_RECORD(id).deferred.word)                                             \
    lgi_enter(&LGI_RECORD(id).record, LGI_ADDRESS(LGI_RECORD(id).record), &LGI_SITE_OF(id));       \
    LGI_STEPS_END

/* Around the function, where the first argument of a form is something else: if that is wrong (the enumerator lgi_right_… is
 * 0), the function is replaced, since then what stands in its place is most often wrong too. */
#define LGI_OPEN(id) __builtin_choose_expr(lgi_right_##id LGI_COMMA
#define LGI_CLOSE , lgi_refused)

/* LGI_FORM(LGI_PARENTHESES options)(form, LGI_LOOSE): the form, or LGI_LOOSE if the options go on behind a first pair of parentheses,
 * as (lg_go_options){.name = "a": the preprocessor takes the comma behind the first member for the end of the argument. */
#define LGI_FORM(...) LGI_FORM_(__VA_ARGS__, , ~)
#define LGI_FORM_(parentheses, rest, ...) LGI_REST(rest)
#define LGI_PARENTHESES(...) ~,
/* (An empty rest puts the two parentheses behind LGI_EMPTY. In -std=c11, `, ##__VA_ARGS__` would leave the comma.) */
#define LGI_REST(rest) LGI_PICK(LGI_EMPTY rest(), LGI_SECOND, ~)
#define LGI_EMPTY() ~, LGI_ONE
#define LGI_LOOSE(...)                                                                             \
    __extension__({                                                                                \
        _Static_assert(0, LGI_LOOSE_TEXT);                                                         \
        (lg_error *)0;                                                                             \
    })
#define LGI_LOOSE_TEXT "options in braces stand in parentheses of their own: write ((lg_go_options){.name = ...}) or the name of a variable"

/* Whether an argument is a T; whether it is the address of one, as a void pointer may be. */
#define LGI_IS_A(T, x) _Generic((x), T: 1, default: 0)
#define LGI_A(T, x) __builtin_choose_expr(LGI_IS_A(T, x), x, ((T){0}))
#define LGI_IS_AT(T, at) _Generic((at), LGI_NULLPTR(1) T *: 1, void *: 1, default: 0)
#define LGI_ADDRESS_OF(T, at) __builtin_choose_expr(LGI_IS_AT(T, at), at, (T *)0)

/* What holds deferred calls: an lg_scope, or an lg_cleanups, which begins with one. */
#define LGI_OWNER(id, owner)                                                                       \
    LGI_TAKE(this_scope_was_not_declared_by_lg_scope_##id, owner)                                                                \
    enum { lgi_right_##id = LGI_IS_OWNER(this_scope_was_not_declared_by_lg_scope_##id) };                                        \
    _Static_assert(!!lgi_right_##id, "what holds the calls is given by its address, as &scope: an lg_scope or an lg_cleanups");
#define LGI_IS_OWNER(owner) _Generic(owner, lg_scope *: 1, lg_cleanups *: 1, default: 0)
#define LGI_OWNED(id)                                                                              \
    ((lg_scope *)_Generic(this_scope_was_not_declared_by_lg_scope_##id, lg_scope *: this_scope_was_not_declared_by_lg_scope_##id, lg_cleanups *: this_scope_was_not_declared_by_lg_scope_##id, \
                          default: (lg_scope *)0))

#define LGI_IN(id, n, scope, text, ...)                                                            \
    __extension__({                                                                                \
        LGI_OWNER(id, scope)                                                                       \
        LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, , LGI_ADVICE_DEFER, __VA_ARGS__)  \
        LGI_ADDED(id, n, LGI_ENTRY, LGI_ADD_ENTRY, text)                                           \
    })
#define LGI_SPECIAL_IN(id, n, kind, scope, text, ...)                                              \
    __extension__({                                                                                \
        LGI_OWNER(id, scope)                                                                       \
        LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, , LGI_ADVICE_DEFER, __VA_ARGS__)  \
        LGI_ADDED(id, n, kind, lgi_scope_add_special, text)                                        \
    })
#define LGI_RECOVERING_IN(id, n, scope, text, ...)                                                 \
    __extension__({                                                                                \
        LGI_OWNER(id, scope)                                                                       \
        LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, LGI_FIRST_PANIC, LGI_ADVICE_DEFER, __VA_ARGS__) \
        LGI_ADDED(id, n, LGI_RECOVER, lgi_scope_add_special, text)                                 \
    })

/* `add` is what takes room in the scope for a call of that kind. */
#define LGI_ADDED(id, n, kind, add, text)                                                          \
    LGI_SITE(id, n + LGI_WIDES_##n(id), kind, text, 0, 1)                                          \
    lg_scope *const lgi_scope_##id = LGI_DECLARED(LGI_OWNED(id));                                  \
    lg_deferred *const lgi_deferred_##id = add(lgi_scope_##id, &LGI_SITE_OF(id));                  \
    lgi_deferred_##id->site = &LGI_SITE_OF(id);                                                    \
    lgi_deferred_##id->function = (lgi_function)LGI_FN(id);                                        \
    LGI_STORE_##n(id, lgi_deferred_##id->word)                                                     \
    LGI_WIDEN_##n(id, n, lgi_deferred_##id->word)                                                  \
    lgi_scope_added(lgi_scope_##id, lgi_deferred_##id);
#define LGI_ADD_ENTRY(scope, site) lgi_scope_add(scope)

#define LGI_SCOPE_AS(id, name)                                                                     \
    LGI_NO_JUMP(id)                                                                                \
    LGI_SITE(id, 0, LGI_SCOPE, #name, 0, _Generic(&lgi_frame, struct lgi_frame *: 0, default: 1))  \
    struct lg_scope name __attribute__((cleanup(lgi_scope_leave)));                                \
    LGI_STEPS_BEGIN                                                                                \
    lgi_scope_open(&name, &LGI_SITE_OF(id), LGI_HERE(frame), LGI_HERE(head));                      \
    LGI_STEPS_END

/* What the lg_func around is known by. */
#define LGI_HERE(part)                                                                             \
    _Generic(&lgi_##part, struct lgi_##part *: &lgi_##part, default: (struct lgi_##part *)0)

// clang-format on

/* ---- inline parts ---------------------------------------------------------------------------------- */

/* Moves the `after` words behind *at up by one, and stores the two words of an lg_until there. */
static inline void lgi_widen(uintptr_t *at, int after, const void *until)
{
    for (uintptr_t *word = at + after; word > at; word--)
        word[1] = word[0];
    __builtin_memcpy(at, until, 2 * sizeof(*at));
}

static inline void lgi_scope_open(struct lg_scope *scope, const struct lgi_site *site,
                                  struct lgi_frame *frame, struct lgi_head *head)
{
    if (frame) { /* known at compile time */
        scope->frame = frame;
        scope->head = head;
    }
    scope->kinds = 0;
    scope->record.previous = lgi_top;
    scope->record.site = site;
    scope->next = scope->first;
    scope->end = scope->first + LGI_SCOPE_FIRST;
    lgi_top = &scope->record;
}

static inline lg_deferred *lgi_scope_add(struct lg_scope *scope)
{
    return LGI_LIKELY(scope->next != scope->end) ? scope->next++ : lgi_scope_grow(scope);
}

static inline lg_deferred *lgi_scope_added(struct lg_scope *scope, lg_deferred *deferred)
{
    if (__builtin_expect(deferred == &scope->spare, 0))
        lgi_scope_full(scope);
    return deferred;
}

#endif
