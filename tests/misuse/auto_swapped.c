// The type before the name.
// gcc: write LG_DEFINE_AUTO(name, type, release)
// clang: write LG_DEFINE_AUTO(name, type, release)
#include <stdio.h>

#include <lifoguard/lifoguard.h>

LG_DEFINE_AUTO(FILE *, file, fclose)
