#include "sched/runtime.h"

void lgi_overflow_begin(void) {}

void lgi_overflow_thread_begin(void) {}

void lg_decline_segv_handler(void) {}
