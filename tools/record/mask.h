/* Secret values in what commands print: they become ***, as in the logs of CI systems. */
#ifndef LIFOGUARD_RECORD_MASK_H
#define LIFOGUARD_RECORD_MASK_H

#include "buffer.h"

#include <stdbool.h>

struct mask {
    struct mask_value *first;
};

/* If NAME=VALUE is a secret, its value is masked from here on: each line of it, and the password in an address. A value of less than four
 * characters would be found everywhere, and is not. */
void mask_add(struct mask *mask, const char *assignment);

/* Whether there is something to be masked; then `masked` is the text without it. */
bool mask_apply(const struct mask *mask, const char *text, size_t length, struct buffer *masked);

void mask_free(struct mask *mask);

#endif
