/* Whether a name is the first word of a usual type: a form whose arguments have changed places can so say it. */
#ifndef LIFOGUARD_IMPL_TYPE_NAMES_H
#define LIFOGUARD_IMPL_TYPE_NAMES_H

#include <lifoguard/impl/block.h>

#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif

#define LGI_IF_TYPE(name, form, other) LGI_PICK(LGI_TYPE_##name, LGI_SECOND, ~)(form, other)
#define LGI_ONE(form, other) form
#define LGI_SECOND(form, other) other

#define LGI_TYPE__Bool ~, LGI_ONE,
#define LGI_TYPE_bool ~, LGI_ONE,
#define LGI_TYPE_char ~, LGI_ONE,
#define LGI_TYPE_const ~, LGI_ONE,
#define LGI_TYPE_double ~, LGI_ONE,
#define LGI_TYPE_enum ~, LGI_ONE,
#define LGI_TYPE_float ~, LGI_ONE,
#define LGI_TYPE_int ~, LGI_ONE,
#define LGI_TYPE_int8_t ~, LGI_ONE,
#define LGI_TYPE_int16_t ~, LGI_ONE,
#define LGI_TYPE_int32_t ~, LGI_ONE,
#define LGI_TYPE_int64_t ~, LGI_ONE,
#define LGI_TYPE_intptr_t ~, LGI_ONE,
#define LGI_TYPE_lg_chan ~, LGI_ONE,
#define LGI_TYPE_lg_context ~, LGI_ONE,
#define LGI_TYPE_lg_duration ~, LGI_ONE,
#define LGI_TYPE_lg_error ~, LGI_ONE,
#define LGI_TYPE_lg_time ~, LGI_ONE,
#define LGI_TYPE_long ~, LGI_ONE,
#define LGI_TYPE_off_t ~, LGI_ONE,
#define LGI_TYPE_pid_t ~, LGI_ONE,
#define LGI_TYPE_short ~, LGI_ONE,
#define LGI_TYPE_signed ~, LGI_ONE,
#define LGI_TYPE_size_t ~, LGI_ONE,
#define LGI_TYPE_ssize_t ~, LGI_ONE,
#define LGI_TYPE_struct ~, LGI_ONE,
#define LGI_TYPE_uint8_t ~, LGI_ONE,
#define LGI_TYPE_uint16_t ~, LGI_ONE,
#define LGI_TYPE_uint32_t ~, LGI_ONE,
#define LGI_TYPE_uint64_t ~, LGI_ONE,
#define LGI_TYPE_uintptr_t ~, LGI_ONE,
#define LGI_TYPE_union ~, LGI_ONE,
#define LGI_TYPE_unsigned ~, LGI_ONE,
#define LGI_TYPE_void ~, LGI_ONE,
#define LGI_TYPE_FILE ~, LGI_ONE,

/* Picks `form` if the type is lg_error, and not lg_error *. */
#define LGI_IF_BARE_ERROR(type, form, other) LGI_REST_OF(LGI_BARE_##type, *, ~)(form, other)
#define LGI_BARE_lg_error ~,
#define LGI_REST_OF(...) LGI_REST_OF_(__VA_ARGS__)
#define LGI_REST_OF_(type, rest, ...) LGI_REST(rest)
/* LGI_ONE if there is no rest, and LGI_SECOND otherwise. (An empty rest puts the two parentheses behind LGI_EMPTY. In -std=c11,
 * `, ##__VA_ARGS__` would leave the comma.) */
#define LGI_REST(rest) LGI_PICK(LGI_EMPTY rest(), LGI_SECOND, ~)
#define LGI_EMPTY() ~, LGI_ONE

#endif
