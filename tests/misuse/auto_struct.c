// A struct, which is cleared and not released.
// gcc: this type is a struct: write LG_DEFINE_AUTO_STRUCT(name, type, clear)
// clang: this type is a struct: write LG_DEFINE_AUTO_STRUCT(name, type, clear)
#include <lifoguard/lifoguard.h>

struct buffer {
    int size;
};
void clear(struct buffer *buffer);

LG_DEFINE_AUTO_STRUCT(right, struct buffer, clear)
LG_DEFINE_AUTO(wrong, struct buffer, clear)
