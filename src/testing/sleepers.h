/* What the tests of the virtual clock share. */
#ifndef LGI_TESTING_SLEEPERS_H
#define LGI_TESTING_SLEEPERS_H

#include "group/testing.h"
#include "testing/virtual.h"

__attribute__((unused)) static void sleep_and_note(int hours)
{
    lg_sleep(hours * LG_HOUR);
    note_number(hours);
}

__attribute__((unused)) static lg_waitgroup unfinished;

#endif
