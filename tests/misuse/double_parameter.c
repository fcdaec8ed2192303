// A double parameter that is given an int.
// gcc: conversion from
// gcc: ONLY_POINTERS_AND_INTEGERS_CAN_BE_PASSED__COPY_TO_A_LOCAL_AND_WRITE_lg_defer_block
// clang: passing '
// clang: only_pointers_and_integers_can_be_passed__copy_to_a_local_and_write_lg_defer_block
#include <lifoguard/lifoguard.h>

void take(double number);

void f(void)
{
    lg_defer(take, 1);
}
