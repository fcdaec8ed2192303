// A pointer to an object instead of the pointer's address.
// gcc: the variable is given by its address: write &variable
// clang: the variable is given by its address: write &variable
#include <lifoguard/lifoguard.h>

struct object {
    int n;
};
void object_open(struct object **object);
void object_free(struct object *object);

void f(void)
{
    struct object *object;
    lg_scope(scope);
    lg_adopt_out(&scope, object, object_open(&object), object_free);
}
