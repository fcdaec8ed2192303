#include "error/ordering.h"

char lgi_polled_fds[LGI_POLLED_FDS];
