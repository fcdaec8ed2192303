#ifndef LG_TEST_GOROUTINES_H
#define LG_TEST_GOROUTINES_H

#include <lifoguard/lifoguard.h>

#ifdef __cplusplus
#include <atomic>
extern "C" {
#endif

void cxx_throws_and_waits(int number);
int cxx_ended(void);
int cxx_bad(void); /* how often something was not as it should be */

void cxx_lets_out(void);       /* an exception */
void cxx_swallows(void);       /* a panic */
void cxx_panics_through(void); /* frames with destructors */

#ifdef __cplusplus
}
#endif
#endif
