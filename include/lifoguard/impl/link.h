/* Fills the record of a deferred call and links the record into the chain.
 *
 * On x86-64 this is one assembler statement. The same in C (the other half of this file) is the same instructions, but takes
 * gcc half as long again for the whole function: it has eight statements, with a thread-local address among them. */
#ifndef LIFOGUARD_IMPL_LINK_H
#define LIFOGUARD_IMPL_LINK_H

#include <lifoguard/impl/record.h>

// clang-format off: as in call.h

#if defined(__x86_64__) && defined(__LP64__) && !defined(__code_model_large__)

#define LGI_LINK(id, stores, ...)                                                                  \
    __asm__ __volatile__("lea{q} {%0, %%rcx|rcx, %0}\n\t"                                          \
                         "mov{q} {lgi_top@gottpoff(%%rip), %%rax|rax, QWORD PTR lgi_top@gottpoff[rip]}\n\t" \
                         "lea{q} {%c1(%%rip), %%rdx|rdx, %c1[rip]}\n\t"                            \
                         stores                                                                    \
                         "mov{q} {%%rdx, 8(%%rcx)|QWORD PTR 8[rcx], rdx}\n\t"                      \
                         "mov{q} {%%fs:(%%rax), %%rdx|rdx, QWORD PTR fs:[rax]}\n\t"                \
                         "mov{q} {%%rdx, (%%rcx)|QWORD PTR [rcx], rdx}\n\t"                        \
                         "mov{q} {%%rcx, %%fs:(%%rax)|QWORD PTR fs:[rax], rcx}"                    \
                         : "=m"(lgi_record_##id)                                                    \
                         : "i"(&lgi_site_##id) __VA_ARGS__                                       \
                         : "rax", "rcx", "rdx", "memory")
#define LGI_LINK_STORE(operand, at) "mov{q} {%" operand ", " at "(%%rcx)|QWORD PTR " at "[rcx], %" operand "}\n\t"
#define LGI_LINK_1_STORE LGI_LINK_STORE("2", "16")
#define LGI_LINK_2_STORES LGI_LINK_1_STORE LGI_LINK_STORE("3", "24")
#define LGI_LINK_3_STORES LGI_LINK_2_STORES LGI_LINK_STORE("4", "32")
#define LGI_LINK_4_STORES LGI_LINK_3_STORES LGI_LINK_STORE("5", "40")
#define LGI_LINK_ARG(id, n) "r"(LGI_WORD(id, n))
#define LGI_LINK_0(id) LGI_LINK(id, "", )
#define LGI_LINK_1(id) LGI_LINK(id, LGI_LINK_1_STORE, , LGI_LINK_ARG(id, 1))
#define LGI_LINK_2(id) LGI_LINK(id, LGI_LINK_2_STORES, , LGI_LINK_ARG(id, 1), LGI_LINK_ARG(id, 2))
#define LGI_LINK_3(id) LGI_LINK(id, LGI_LINK_3_STORES, , LGI_LINK_ARG(id, 1), LGI_LINK_ARG(id, 2), LGI_LINK_ARG(id, 3))
#define LGI_LINK_4(id)                                                                             \
    LGI_LINK(id, LGI_LINK_4_STORES, , LGI_LINK_ARG(id, 1), LGI_LINK_ARG(id, 2), LGI_LINK_ARG(id, 3), LGI_LINK_ARG(id, 4))

#else

#define LGI_LINK(id, n)                                                                            \
    LGI_STORE_##n(id, lgi_record_##id.word)                                                         \
    lgi_enter(&lgi_record_##id.record, LGI_ADDRESS(lgi_record_##id.record), &lgi_site_##id)
#define LGI_LINK_0(id) LGI_LINK(id, 0)
#define LGI_LINK_1(id) LGI_LINK(id, 1)
#define LGI_LINK_2(id) LGI_LINK(id, 2)
#define LGI_LINK_3(id) LGI_LINK(id, 3)
#define LGI_LINK_4(id) LGI_LINK(id, 4)

#endif
#define LGI_LINK_lgi_many(id) LGI_LINK_0(id)
#define LGI_LINK_lgi_nothing(id) LGI_LINK_0(id)

// clang-format on

#endif
