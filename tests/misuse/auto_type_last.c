// The function before the type.
// gcc: write LG_DEFINE_AUTO(name, type, release)
// clang: write LG_DEFINE_AUTO(name, type, release)
#include <stdio.h>

#include <lifoguard/lifoguard.h>

LG_DEFINE_AUTO(file, fclose, FILE *)
