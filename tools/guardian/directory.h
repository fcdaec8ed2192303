/* The working directory of a cleanup: the one in which it was registered, and no other that has the same path by now (D2, R6). */
#ifndef LIFOGUARD_GUARDIAN_DIRECTORY_H
#define LIFOGUARD_GUARDIAN_DIRECTORY_H

#include "attempt.h"

/* No errno value: the path leads to another directory than at the registration. */
enum { DIRECTORY_IS_ANOTHER = 4096 };

/* In the child that becomes the command. False: not entered, and errno, or DIRECTORY_IS_ANOTHER in its place, tells why. */
bool directory_enter(const struct attempt *attempt);

/* The same, for people. */
const char *directory_problem(int number);

#endif
