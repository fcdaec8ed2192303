/* The library calls functions of any type with argument words. An lg_until takes two words, so a function may have fewer parameters
 * than words. If link-time optimisation lets gcc know the function, gcc inlines the call with one word for each parameter, and
 * the arguments are wrong. So the optimiser must not know which function is called. */
#ifndef LGI_DEFER_OPAQUE_H
#define LGI_DEFER_OPAQUE_H

#include <lifoguard/impl/record.h>

static inline lgi_function lgi_opaque(lgi_function function)
{
    __asm__("" : "+r"(function));
    return function;
}

#endif
