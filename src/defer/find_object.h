/* How long does code stay where it is? */
#ifndef LGI_DEFER_FIND_OBJECT_H
#define LGI_DEFER_FIND_OBJECT_H

#include <stdint.h>

enum lgi_code_stays {
    LGI_NOT_IN_AN_OBJECT, /* made at run time: nobody tells when it goes */
    LGI_UNTIL_UNLOADED,   /* in an object that dlclose may unload */
    LGI_FOR_EVER /* in the program, or in the object that this library is part of, which is never unloaded */
};
enum lgi_code_stays lgi_code_stays(uintptr_t address);

#endif
