// A parameter of type double beside an lg_until.
// gcc: conversion from
// gcc: ONLY_POINTERS_AND_INTEGERS_CAN_BE_PASSED
// clang: passing
// clang: only_pointers_and_integers_can_be_passed
#include <lifoguard/lifoguard.h>

void serve(lg_until until, double weight);

void f(lg_until until)
{
    lg_go(serve, until, 3);
}
