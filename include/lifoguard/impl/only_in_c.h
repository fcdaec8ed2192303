/* For C++: the names of the forms that exist only in C. Each use is refused once, with the words of what to write instead.
 * (Without these names, lg_scope(s) would declare a variable, and of lg_go the compilers would say that it is not declared.) */
#ifndef LIFOGUARD_IMPL_ONLY_IN_C_H
#define LIFOGUARD_IMPL_ONLY_IN_C_H

#ifdef __cplusplus

#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif

/* Takes the place of what a refused form would give, so that no second error follows. */
struct lgi_only_in_c {
    template <class T> operator T() const;
};
template <class... T> lgi_only_in_c lgi_only_in_c_call(const T &...);
template <class... T> struct lgi_only_in_c_type {
    static_assert(sizeof...(T) == 0,
                  "this type exists only in C: write a void * to what a C file makes");
    typedef lgi_only_in_c type;
};

// clang-format off: it takes the forms for what they are in C

/* A statement or declaration; a block may follow the second. */
#define LGI_NO_DEFER static_assert(false, "this form exists only in C: write a class whose destructor makes the call")
#define LGI_NO_DEFER_BLOCK LGI_NO_DEFER;
#define LGI_NO_BLOCK static_assert(false, "this form exists only in C: write the function that uses it in a C file");
/* An expression of a type. */
#define LGI_NO_CALL(T)                                                                             \
    ([]() -> T {                                                                                   \
        static_assert(false, "this form exists only in C: write the function that uses it in a C file"); \
        return lgi_only_in_c();                                                                    \
    }())
#define LGI_NO_VALUE_CALL LGI_NO_CALL(lgi_only_in_c)
#define LGI_NO_ERROR_CALL LGI_NO_CALL(struct lg_error *)

/* defer.h, panic.h, limit.h, at_once.h, close.h, move.h */
#define lg_defer_block LGI_NO_DEFER_BLOCK
#define lg_defer(...) LGI_NO_DEFER
#define lg_defer_as(name, ...) LGI_NO_DEFER_BLOCK lgi_only_in_c name
#define lg_defer_in(...) LGI_NO_DEFER
#define lg_defer_on_error(...) LGI_NO_DEFER
#define lg_defer_on_error_in(...) LGI_NO_DEFER
#define lg_defer_on_success(...) LGI_NO_DEFER
#define lg_defer_on_success_in(...) LGI_NO_DEFER
#define lg_defer_contained(...) LGI_NO_DEFER
#define lg_defer_contained_in(...) LGI_NO_DEFER
#define lg_defer_recover(...) LGI_NO_DEFER
#define lg_defer_recover_in(...) LGI_NO_DEFER
#define lg_defer_within(...) LGI_NO_DEFER
#define lg_defer_within_in(...) LGI_NO_DEFER
#define lg_defer_at_once(...) LGI_NO_DEFER
#define lg_defer_at_once_within(...) LGI_NO_DEFER
#define lg_defer_checked(...) LGI_NO_DEFER
#define lg_defer_checked_errno(...) LGI_NO_DEFER
#define lg_scope(name) LGI_NO_DEFER_BLOCK lgi_only_in_c name
#define lg_at_once(name, ...) LGI_NO_DEFER_BLOCK lgi_only_in_c name
#define lg_move(...) LGI_NO_DEFER
#define lg_call_contained(...) LGI_NO_ERROR_CALL

/* defer.h: functions with a named result, and try.h */
#define lg_func(...) LGI_NO_DEFER_BLOCK
#define lg_func_void LGI_NO_DEFER_BLOCK
#define lg_func_recovers(...) LGI_NO_DEFER_BLOCK
#define lg_func_recovers_void LGI_NO_DEFER_BLOCK
#define lg_return(...) return __VA_ARGS__
#define lg_return_void() return
#define lg_mark_success(...) LGI_NO_DEFER
#define lg_mark_failure(...) LGI_NO_DEFER
#define lg_try(...) LGI_NO_DEFER

/* close.h, auto.h */
#define lg_adopt(...) LGI_NO_VALUE_CALL
#define lg_adopt_as(name, ...) LGI_NO_DEFER_BLOCK lgi_only_in_c name
#define lg_adopt_as_if(name, ...) LGI_NO_DEFER_BLOCK lgi_only_in_c name
#define lg_adopt_errno(...) LGI_NO_ERROR_CALL
#define lg_adopt_fd(...) LGI_NO_CALL(int)
#define lg_adopt_if(...) LGI_NO_VALUE_CALL
#define lg_adopt_out(...) LGI_NO_VALUE_CALL
#define lg_adopt_out_if(...) LGI_NO_VALUE_CALL
#define LG_DEFINE_AUTO(...) LGI_NO_DEFER_BLOCK
#define LG_DEFINE_AUTO_STRUCT(...) LGI_NO_DEFER_BLOCK
#define LG_DEFINE_CLASS(...) LGI_NO_DEFER_BLOCK
#define LG_DEFINE_GUARD(...) LGI_NO_DEFER_BLOCK
#define LG_DEFINE_TRY_GUARD(...) LGI_NO_DEFER_BLOCK
#define lg_auto(...) LGI_NO_DEFER_BLOCK
#define lg_class(name, variable) LGI_NO_DEFER_BLOCK lgi_only_in_c variable = lgi_only_in_c_call
#define lg_guard(...) LGI_NO_DEFER_BLOCK lgi_only_in_c_call
#define lg_guard_as(name, variable) LGI_NO_DEFER_BLOCK lgi_only_in_c variable = lgi_only_in_c_call
#define lg_guard_held(...) LGI_NO_CALL(bool)
#define lg_scoped_guard(...) LGI_NO_DEFER_BLOCK
#define lg_scoped_guard_or(...) LGI_NO_DEFER_BLOCK
#define lg_mutex_scoped_unlock(...) LGI_NO_DEFER_BLOCK
#define lg_take(...) LGI_NO_VALUE_CALL
#define lg_take_fd(...) LGI_NO_CALL(int)

/* go.h, group.h, waitgroup.h, supervisor.h, once.h, timer.h, context.h */
#define lg_go(...) LGI_NO_VALUE_CALL
#define lg_go_owned(...) LGI_NO_VALUE_CALL
#define lg_go_thread(...) LGI_NO_VALUE_CALL
#define lg_go_with(...) LGI_NO_VALUE_CALL
#define lg_group_scope(name, ...) LGI_NO_DEFER_BLOCK lgi_only_in_c name
#define lg_group_go(...) LGI_NO_VALUE_CALL
#define lg_group_go_owned(...) LGI_NO_VALUE_CALL
#define lg_group_go_with(...) LGI_NO_VALUE_CALL
#define lg_group_start(...) LGI_NO_ERROR_CALL
#define lg_group_start_with(...) LGI_NO_ERROR_CALL
#define lg_waitgroup_go(...) LGI_NO_VALUE_CALL
#define lg_supervisor_go(...) LGI_NO_ERROR_CALL
#define lg_supervisor_go_with(...) LGI_NO_ERROR_CALL
#define lg_supervisor_start(...) LGI_NO_ERROR_CALL
#define lg_supervisor_start_with(...) LGI_NO_ERROR_CALL
#define lg_blocking(...) LGI_NO_VALUE_CALL
#define lg_once_do(...) LGI_NO_VALUE_CALL
#define lg_once_do_until(...) LGI_NO_ERROR_CALL
#define lg_once_get(...) LGI_NO_VALUE_CALL
#define lg_once_get_until(...) LGI_NO_ERROR_CALL
#define lg_once_of(T) lgi_only_in_c_type<T>::type
#define lg_once_of_get(...) LGI_NO_VALUE_CALL
#define lg_once_of_get_until(...) LGI_NO_ERROR_CALL
#define lg_timer_new_func(...) LGI_NO_VALUE_CALL
#define lg_context_on_done(...) LGI_NO_VALUE_CALL
#define lg_context_with_signals(...) LGI_NO_ERROR_CALL
#define LG_NEEDS(...) LGI_NO_VALUE_CALL

/* chan.h */
#define lg_chan(...) lgi_only_in_c_type<__VA_ARGS__>::type
#define lg_chan_make(...) LGI_NO_VALUE_CALL
#define lg_chan_make_owned(...) LGI_NO_VALUE_CALL
#define lg_chan_ref(...) LGI_NO_VALUE_CALL
#define lg_chan_send(...) LGI_NO_VALUE_CALL
#define lg_chan_send_until(...) LGI_NO_ERROR_CALL
#define lg_chan_try_send(...) LGI_NO_CALL(bool)
#define lg_chan_recv(...) LGI_NO_CALL(bool)
#define lg_chan_recv_value(...) LGI_NO_VALUE_CALL
#define lg_chan_recv_until(...) LGI_NO_ERROR_CALL
#define lg_chan_try_recv(...) LGI_NO_ERROR_CALL
#define lg_chan_each(...) LGI_NO_BLOCK
#define lg_select(...) LGI_NO_CALL(int)
#define lg_case_recv(...) LGI_NO_VALUE_CALL
#define lg_case_send(...) LGI_NO_VALUE_CALL
#define lg_case_send_from(...) LGI_NO_VALUE_CALL
#define lg_case_default LGI_NO_VALUE_CALL

// clang-format on

#endif /* __cplusplus */
#endif
