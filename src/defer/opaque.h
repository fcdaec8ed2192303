/* Functions of any type are called with words. An lg_until takes two words, so the function may have fewer parameters than it is
 * given words. If link-time optimisation tells gcc which function is called, gcc inlines it all the same, a word for a parameter, and
 * the arguments are wrong. So the optimiser must not know the function. */
#ifndef LGI_DEFER_OPAQUE_H
#define LGI_DEFER_OPAQUE_H

#include <lifoguard/impl/record.h>

static inline lgi_function lgi_opaque(lgi_function function)
{
    __asm__("" : "+r"(function));
    return function;
}

#endif
