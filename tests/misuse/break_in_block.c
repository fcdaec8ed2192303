// A break out of a deferred block.
// gcc: break statement not within loop or switch
// clang: cannot break out of a defer statement
#include <lifoguard/lifoguard.h>

void use(int *p);

void f(int *p)
{
    for (;;) {
        lg_defer_block {
            use(p);
            break;
        }
    }
}
