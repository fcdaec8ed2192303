/* Is code part of a loaded object, or was it made at run time? */
#ifndef LGI_DEFER_FIND_OBJECT_H
#define LGI_DEFER_FIND_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

bool lgi_is_in_an_object(uintptr_t address);

#endif
